"""DNSSEC: what each server address signs, and whether a validating CA would believe it.

`anchors` is where trust begins, `facts` what servers said, `collect` asks them, `validate` judges
(with `signatures` and `denial`). Findings and words are `checks.rules`'.
"""
