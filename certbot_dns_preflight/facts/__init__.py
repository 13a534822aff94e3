"""What an answer, a survey, a finding and an outcome *are*: frozen types, no decisions.

`resolve` fills them in, `checks` judges them, `report` renders them; none of these imports another.
Nothing here sends queries, waits or decides.
"""
