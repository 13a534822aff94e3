"""Hostile bytes for whatever reads or shows what servers send.

`targets` are functions of bytes that must neither raise nor take long; `seeds` are honest bytes to
begin with, `corpus/` what was found on the way and is worth keeping. Hypothesis mutates both in
`script/test` (`test_targets`); `python -m tests.fuzz` lets atheris do so a million times.
"""
