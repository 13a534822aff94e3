"""What an answer, a survey, a finding and an outcome *are*: frozen types, no decisions.

`resolve` fills them in, `checks` judges them, `report` shows them; none of these knows another.
Nothing here asks, waits or decides.
"""
