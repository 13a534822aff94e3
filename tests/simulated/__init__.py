"""A small internet inside the test's own process, on a clock that nothing but the run moves.

`clock` is an event loop that waits for nobody: where all wait, its time is the next moment that
anything is due. `internet` answers from zones of its own at many addresses, each so far away, and
counts what it is asked. So a test can count questions and round trips, and say how slow this
machine is: no figure depends on the machine that runs it.
"""
