"""What only shows in the long run: faults at random moments, and many renewals in a row.

`schedules` lets seeded faults happen to the lab's real servers while a wait goes on, with Unbound
as the judge of every "ready"; `renewals` counts what is left behind. `script/soak` runs them at
length, `test_soak` a short part of them.
"""
