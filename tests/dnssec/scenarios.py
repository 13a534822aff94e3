"""The zones: healthy ones in all variations, and every fault that a person or a signer can make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.dnssec.signing import ECDSA, ED25519, RSASHA256, without
from tests.dnssec.world import Scenario

if TYPE_CHECKING:
    from tests.dnssec.world import World

TXT = '_acme-challenge TXT "value"\n'
NSEC3 = ("-3", "-")
NSEC3_SALTED = ("-3", "aabbccdd", "-H", "5")
OPT_OUT = ("-3", "-", "-A")
PLACES = ("bind", "nsd")
DAY = 1.0
HOUR = DAY / 24
MINUTE = HOUR / 60


def add_all(world: World) -> None:
    """Add every scenario to the world."""
    _healthy(world)
    _unsigned(world)
    _delegation_faults(world)
    _signature_faults(world)
    _caa_faults(world)
    _below_second_level(world)


def _both(world: World, origin: str, text: str, ds: list[str], parent: str = "test.") -> None:
    world.add(Scenario(origin, dict.fromkeys(PLACES, text), ds, parent))


def _one_of_two(world: World, origin: str, good: str, bad: str, ds: list[str]) -> None:
    world.add(Scenario(origin, {"bind": good, "nsd": bad}, ds))


def _healthy(world: World) -> None:
    sign, pair = world.signer.sign, world.signer.pair
    algorithms = {
        "rsasha256": RSASHA256,
        "rsasha512": "RSASHA512",
        "ecdsa256": ECDSA,
        "ecdsa384": "ECDSAP384SHA384",
        "ed25519": ED25519,
        "ed448": "ED448",
    }
    for label, algorithm in algorithms.items():
        origin = f"{label}.test."
        keys = pair(origin, algorithm=algorithm)
        text = sign(origin, world.text(origin, PLACES, TXT), keys)
        _both(world, origin, text, [keys[0].ds()])
    for label, options in {"nsec3": NSEC3, "salted": NSEC3_SALTED, "optedout": OPT_OUT}.items():
        for kinds in (("bind", "nsd"), ("knot", "pdns")):
            origin = f"{label}-{kinds[0]}.test."
            keys = pair(origin)
            text = sign(origin, world.text(origin, kinds, TXT), keys, nsec3=options)
            world.add(Scenario(origin, dict.fromkeys(kinds, text), [keys[0].ds()]))
    for kinds in (("knot", "pdns"),):
        origin = "nsec-knot.test."
        keys = pair(origin)
        text = sign(origin, world.text(origin, kinds, TXT), keys)
        world.add(Scenario(origin, dict.fromkeys(kinds, text), [keys[0].ds()]))
    for kind in ("bind", "knot", "pdns"):
        for origin in (f"live-{kind}.test.", f"nsec3-live-{kind}.test."):
            if origin.startswith("nsec3") and kind != "pdns":
                continue
            world.add(Scenario(origin, {kind: "live:" + world.text(origin, (kind,), TXT)}))
    for parent in ("deny3.", "optout."):
        origin = f"signed.{parent}"
        keys = pair(origin)
        text = sign(origin, world.text(origin, PLACES, TXT), keys)
        _both(world, origin, text, [keys[0].ds()], parent)

    _odd_but_healthy(world)
    _negative(world)
    _rollovers(world)
    _aliases_into_children(world)
    _clocks(world)


def _odd_but_healthy(world: World) -> None:
    sign, pair = world.signer.sign, world.signer.pair
    origin = "csk.test."
    one = (world.signer.key(origin, ksk=True),)
    text = sign(origin, world.text(origin, PLACES, TXT), one, nsec3=("-z",))
    _both(world, origin, text, [one[0].ds()])

    for digest in ("SHA1", "SHA384"):
        origin = f"ds-{digest.lower()}.test."
        keys = pair(origin)
        text = sign(origin, world.text(origin, PLACES, TXT), keys)
        _both(world, origin, text, [keys[0].ds(digest)])

    origin = "wildcard.test."
    keys = pair(origin)
    text = sign(origin, world.text(origin, PLACES, '* TXT "any"\n'), keys)
    _both(world, origin, text, [keys[0].ds()])
    origin = "wildcard3.test."
    keys = pair(origin)
    text = sign(origin, world.text(origin, PLACES, '* TXT "any"\n'), keys, nsec3=NSEC3)
    _both(world, origin, text, [keys[0].ds()])

    origin = "alias.test."
    keys = pair(origin)
    records = "_acme-challenge CNAME _acme-challenge.ecdsa256.test.\n"
    text = sign(origin, world.text(origin, PLACES, records), keys)
    _both(world, origin, text, [keys[0].ds()])
    origin = "dname.test."
    keys = pair(origin)
    text = sign(origin, world.text(origin, PLACES, "@ DNAME ecdsa256.test.\n"), keys)
    _both(world, origin, text, [keys[0].ds()])


def _negative(world: World) -> None:
    sign, pair = world.signer.sign, world.signer.pair
    for label, options in {"absent": (), "absent3": NSEC3, "absentopt": OPT_OUT}.items():
        origin = f"{label}.test."
        keys = pair(origin)
        text = sign(origin, world.text(origin, PLACES, "a A 127.0.0.1\n"), keys, nsec3=options)
        _both(world, origin, text, [keys[0].ds()])
        origin = f"{label}-nodata.test."
        keys = pair(origin)
        records = "_acme-challenge A 127.0.0.1\n"
        text = sign(origin, world.text(origin, PLACES, records), keys, nsec3=options)
        _both(world, origin, text, [keys[0].ds()])
        origin = f"{label}-ent.test."
        keys = pair(origin)
        records = "x._acme-challenge A 127.0.0.1\n"
        text = sign(origin, world.text(origin, PLACES, records), keys, nsec3=options)
        _both(world, origin, text, [keys[0].ds()])
        origin = f"{label}-wildcard.test."
        keys = pair(origin)
        text = sign(origin, world.text(origin, PLACES, "* A 127.0.0.1\n"), keys, nsec3=options)
        _both(world, origin, text, [keys[0].ds()])


def _rollovers(world: World) -> None:
    sign, pair, key = world.signer.sign, world.signer.pair, world.signer.key

    origin = "zsk-prepublished.test."
    (ksk, old), new = pair(origin), key(origin)
    text = world.text(origin, PLACES, TXT)
    before = sign(origin, text, (ksk, old), published=(new,))
    after = sign(origin, text, (ksk, new), published=(old,))
    _one_of_two(world, origin, before, after, [ksk.ds()])

    origin = "zsk-doubly-signed.test."
    (ksk, old), new = pair(origin), key(origin)
    text = sign(origin, world.text(origin, PLACES, TXT), (ksk, old, new))
    _both(world, origin, text, [ksk.ds()])

    origin = "ksk-half-way.test."
    (old, zsk), new = pair(origin), key(origin, ksk=True)
    text = sign(origin, world.text(origin, PLACES, TXT), (old, new, zsk))
    _both(world, origin, text, [old.ds(), new.ds()])

    origin = "ksk-ds-ahead.test."
    (old, zsk), new = pair(origin), key(origin, ksk=True)
    text = sign(origin, world.text(origin, PLACES, TXT), (old, zsk))
    _both(world, origin, text, [old.ds(), new.ds()])

    origin = "two-algorithms.test."
    keys = (*pair(origin), *pair(origin, algorithm=RSASHA256))
    text = sign(origin, world.text(origin, PLACES, TXT), keys)
    _both(world, origin, text, [keys[0].ds(), keys[2].ds()])

    origin = "ends-soon.test."
    keys = pair(origin)
    text = sign(origin, world.text(origin, PLACES, TXT), keys, begins=-20, ends=2)
    _both(world, origin, text, [keys[0].ds()])


def _aliases_into_children(world: World) -> None:
    """A wildcard alias into a zone below on the same servers, which then answer for both."""
    sign, pair = world.signer.sign, world.signer.pair
    below = "".join(f"acme NS {world.leaf[kind].host}\n" for kind in PLACES)
    records = {
        "wc-wildcard": '*.y TXT "value"\n',
        "wc-nothing": "a A 127.0.0.1\n",
        "wc-unsigned": '*.y TXT "value"\n',
    }
    for label, text in records.items():
        origin, child = f"{label}.test.", f"acme.{label}.test."
        zone = world.text(child, PLACES, text)
        ds = ""
        if label != "wc-unsigned":
            keys = pair(child)
            zone, ds = sign(child, zone, keys), f"acme DS {keys[0].ds()}\n"
        _both(world, child, zone, [], origin)
        above = pair(origin)
        parent = world.text(origin, PLACES, f"* CNAME x.y.{child}\n{below}{ds}")
        _both(world, origin, sign(origin, parent, above), [above[0].ds()])


def _clocks(world: World) -> None:
    """Signatures that begin or end a little beside now, on two validities."""
    for label, validity in {"brief": 6 * HOUR, "long": 21 * DAY}.items():
        for span, away in {"10m": 10 * MINUTE, "2h": 2 * HOUR, "30h": 30 * HOUR}.items():
            for side, begins in {"early": away, "late": -away - validity}.items():
                origin = f"{label}-{span}-{side}.test."
                keys = world.signer.pair(origin)
                text = world.text(origin, PLACES, TXT)
                signed = world.signer.sign(
                    origin, text, keys, begins=begins, ends=begins + validity
                )
                _both(world, origin, signed, [keys[0].ds()])


def _unsigned(world: World) -> None:
    for parent in ("test.", "deny3.", "optout."):
        origin = f"unsigned.{parent}"
        _both(world, origin, world.text(origin, PLACES, TXT), [], parent)
    origin = "signed-without-ds.test."
    text = world.signer.sign(origin, world.text(origin, PLACES, TXT), world.signer.pair(origin))
    _both(world, origin, text, [])
    for label, ds in {
        "unknown-algorithm": f"12345 200 2 {'ab' * 32}",
        "unknown-digest": f"12345 13 200 {'ab' * 32}",
    }.items():
        origin = f"{label}.test."
        keys = world.signer.pair(origin)
        text = world.signer.sign(origin, world.text(origin, PLACES, TXT), keys)
        _both(world, origin, text, [ds])


def _delegation_faults(world: World) -> None:
    sign, pair = world.signer.sign, world.signer.pair
    origin = "stale-ds.test."
    old, keys = pair(origin), pair(origin)
    text = sign(origin, world.text(origin, PLACES, TXT), keys)
    _both(world, origin, text, [old[0].ds()])

    origin = "ds-but-unsigned.test."
    _both(world, origin, world.text(origin, PLACES, TXT), [pair(origin)[0].ds()])

    origin = "ds-but-unsigned-on-one.test."
    keys = pair(origin)
    plain = world.text(origin, PLACES, TXT)
    _one_of_two(world, origin, sign(origin, plain, keys), plain, [keys[0].ds()])

    origin = "ds-wrong-digest.test."
    keys = pair(origin)
    tag, algorithm, kind, digest = keys[0].ds().split(None, 3)
    wrong = f"{tag} {algorithm} {kind} {'0' * len(digest.replace(' ', ''))}"
    _both(world, origin, sign(origin, world.text(origin, PLACES, TXT), keys), [wrong])

    origin = "ds-sha256-wrong-sha1-right.test."
    old, keys = pair(origin), pair(origin)
    text = sign(origin, world.text(origin, PLACES, TXT), keys)
    _both(world, origin, text, [old[0].ds(), keys[0].ds("SHA1")])


def _signature_faults(world: World) -> None:
    sign, pair = world.signer.sign, world.signer.pair
    for label, begins, ends in (("expired", -30, -2), ("future", 3, 30)):
        origin = f"{label}.test."
        keys = pair(origin)
        text = world.text(origin, PLACES, TXT)
        bad = sign(origin, text, keys, begins=begins, ends=ends)
        _both(world, origin, bad, [keys[0].ds()])
        for pair_of in (("bind", "nsd"), ("knot", "pdns")):
            origin = f"{label}-on-{pair_of[1]}.test."
            keys = pair(origin)
            text = world.text(origin, pair_of, TXT)
            bad = sign(origin, text, keys, begins=begins, ends=ends)
            good = sign(origin, text, keys)
            world.add(Scenario(origin, {pair_of[0]: good, pair_of[1]: bad}, [keys[0].ds()]))
    for label, covering in (("no-txt-signature", "TXT"), ("no-key-signature", "DNSKEY")):
        origin = f"{label}-on-one.test."
        keys = pair(origin)
        good = sign(origin, world.text(origin, PLACES, TXT), keys)
        _one_of_two(world, origin, good, without(good, covering=covering), [keys[0].ds()])

    origin = "tampered-on-one.test."
    keys = pair(origin)
    good = sign(origin, world.text(origin, PLACES, TXT), keys)
    _one_of_two(world, origin, good, good.replace('"value"', '"other"'), [keys[0].ds()])

    origin = "key-removed-too-early.test."
    (ksk, zsk), new = pair(origin), world.signer.key(origin)
    text = world.text(origin, PLACES, TXT)
    signed = sign(origin, text, (ksk, zsk))
    removed = sign(origin, text, (ksk, new))
    # The data is still signed with the old ZSK, the key set has the new one only.
    mixed = "\n".join(
        [line for line in signed.splitlines() if "\tDNSKEY" not in line and " DNSKEY" not in line]
        + [line for line in removed.splitlines() if "\tDNSKEY" in line or " DNSKEY" in line]
    )
    _one_of_two(world, origin, signed, mixed + "\n", [ksk.ds()])

    for label, options in {"no-denial": (), "no-denial3": NSEC3}.items():
        origin = f"{label}-on-one.test."
        keys = pair(origin)
        good = sign(origin, world.text(origin, PLACES, "a A 127.0.0.1\n"), keys, nsec3=options)
        covering = "NSEC3" if options else "NSEC"
        _one_of_two(world, origin, good, without(good, covering=covering), [keys[0].ds()])


def _caa_faults(world: World) -> None:
    """Where the record itself is fine and CAA, or the lack of it, is not to be believed."""
    sign, pair = world.signer.sign, world.signer.pair
    issue = f'{TXT}@ CAA 0 issue "letsencrypt.org"\n'
    for label, records, covering in (
        ("caa-signed", issue, ""),
        ("caa-unsigned", issue, "CAA"),
    ):
        origin = f"{label}.test."
        keys = pair(origin)
        good = sign(origin, world.text(origin, PLACES, records), keys)
        _both(world, origin, without(good, covering=covering), [keys[0].ds()])

    # BIND would serve no signature of such a zone at all.
    origin = "caa-no-denial.test."
    keys = pair(origin)
    good = sign(origin, world.text(origin, ("nsd",), TXT), keys)
    world.add(Scenario(origin, {"nsd": without(good, covering="NSEC")}, [keys[0].ds()]))

    origin = "caa-unsigned-on-one.test."
    keys = pair(origin)
    good = sign(origin, world.text(origin, PLACES, issue), keys)
    _one_of_two(world, origin, good, without(good, covering="CAA"), [keys[0].ds()])

    # The alias is fine, what it leads to is not.
    origin = "caa-alias.test."
    keys = pair(origin)
    records = f'{TXT}www CNAME www.expired.test.\n_acme-challenge.www TXT "value"\n'
    records += 'fine CNAME www.unsigned.p-nsec.test.\n_acme-challenge.fine TXT "value"\n'
    _both(world, origin, sign(origin, world.text(origin, PLACES, records), keys), [keys[0].ds()])


def _below_second_level(world: World) -> None:
    """Zones below zones that a person runs, and not a registry."""
    sign, pair = world.signer.sign, world.signer.pair
    for label, options in {"p-nsec": (), "p-nsec3": NSEC3, "p-optout": OPT_OUT}.items():
        parent = f"{label}.test."
        above = pair(parent)
        records = TXT
        children = {"unsigned": None, "signed": pair(f"signed.{parent}")}
        for child, keys in children.items():
            origin = f"{child}.{parent}"
            records += "".join(f"{child} NS {world.leaf[kind].host}\n" for kind in PLACES)
            text = world.text(origin, PLACES, TXT)
            if keys is not None:
                records += f"{child} DS {keys[0].ds()}\n"
                text = sign(origin, text, keys)
            _both(world, origin, text, [], parent)
        text = sign(parent, world.text(parent, ("knot", "pdns"), records), above, nsec3=options)
        world.add(Scenario(parent, {"knot": text, "pdns": text}, [above[0].ds()]))

    parent = "p-expired.test."
    above, keys = pair(parent), pair(f"child.{parent}")
    records = "".join(f"child NS {world.leaf[kind].host}\n" for kind in PLACES)
    records += f"child DS {keys[0].ds()}\n"
    text = sign(parent, world.text(parent, ("knot",), records), above, begins=-30, ends=-2)
    world.add(Scenario(parent, {"knot": text}, [above[0].ds()]))
    child = f"child.{parent}"
    _both(world, child, sign(child, world.text(child, PLACES, TXT), keys), [], parent)

    # What one server of the parent still says of its child's keys was true before.
    parent, child = "two-ds.test.", "child.two-ds.test."
    above, old, new = pair(parent), pair(child), pair(child)
    records = "".join(f"child NS {world.leaf[kind].host}\n" for kind in PLACES)
    before, after = (
        sign(parent, world.text(parent, ("knot", "pdns"), f"{records}child DS {ds}\n"), above)
        for ds in (old[0].ds(), new[0].ds())
    )
    world.add(Scenario(parent, {"knot": before, "pdns": after}, [above[0].ds()]))
    _both(world, child, sign(child, world.text(child, PLACES, TXT), new), [], parent)
