"""Random worlds, each judged by Unbound, by BIND and by this project: where do they differ?

`worlds` is what a world is, `generating` makes one from a seed, `content` and `serving` answer for
it, `judges` asks the three, `judging` asks them about every world, `comparing` says which
differences count, and `shrinking` makes the smallest world that still shows one. `replay` reads
worlds that others have written down.
"""
