#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The console's numbers against its budgets, measured with ptybench.py on a pseudo-terminal.

usage: budgets.py SHARED BUILD_FOLDER [--compare]

Prints one line a budget: measured, must, aim. Fails when a "must" is broken in two tries.
--compare measures htop and btop beside it, where they are installed.
"""
import json, os, shutil, subprocess, sys, tempfile

SHARED, BUILD = sys.argv[1], sys.argv[2]
COMPARE = "--compare" in sys.argv
BENCH = os.path.join(SHARED, "tools", "ptybench.py")
PROGRAM = os.path.abspath(os.path.join(BUILD, "hvgpu"))
HOME = tempfile.mkdtemp(prefix="hvgpu-budget-")
KEYS = "Down*10,Up*4"


def measure(args, keys=KEYS, runs=3, idle=4, extra=()):
    env = dict(os.environ, HOME=HOME, XDG_STATE_HOME=os.path.join(HOME, "state"), LC_ALL="C.UTF-8")
    env.pop("HVGPU_HOST", None)
    done = subprocess.run(
        [sys.executable, BENCH, "--json", "--runs", str(runs), "--idle", str(idle), "--keys", keys,
         *extra, "--", *args], capture_output=True, text=True, env=env)
    if done.returncode not in (0, 3):
        print(done.stdout[-2000:], done.stderr[-2000:])
        raise SystemExit(f"ptybench failed on {' '.join(args)}")
    return json.loads(done.stdout)


def value(result, path):
    node = result
    for part in path.split("."):
        if isinstance(node, dict) and part in node:
            node = node[part]
        else:
            return None
    return node


def find(result, path):
    for prefix in ("", "results.", "summary.", "stats."):
        found = value(result, prefix + path)
        if found is not None:
            return found
    return None


HV = [PROGRAM, "-c"]
TESTS = [
    ("demo, paused", HV + ["demo:", "--paused"], {}, [
        ("start.first_paint_ms.median", 25, 10), ("start.stable_ms.median", 50, 15),
        ("keys.settled_ms.median", 2, 0.5), ("keys.settled_ms.p95", 5, 1),
        ("keys.bytes.median", 600, 250),
        ("idle.cpu_pct.median", 0.05, 0), ("idle.wakeups_per_s.median", 1, 0),
        ("idle.bytes_per_s.median", 0, 0), ("memory.peak_rss_kb.median", 12 * 1024, 6 * 1024)]),
    ("still, paused", HV + ["demo:still", "--paused"], {"keys": "Down*2"}, [
        ("idle.cpu_pct.median", 0.05, 0), ("idle.wakeups_per_s.median", 1, 0),
        ("idle.bytes_per_s.median", 0, 0)]),
    ("live, probes off", HV + ["demo:", "--probe-interval", "0"], {"idle": 8}, [
        ("idle.cpu_pct.median", 0.5, 0.2), ("idle.wakeups_per_s.median", 10, 6),
        ("idle.bytes_per_s.median", 3000, 1000)]),
    ("10,000 containers", HV + ["demo:huge", "--paused", "--view", "containers"],
     {"extra": ("--settle", "400")}, [
        ("start.first_paint_ms.median", 25, 10), ("keys.settled_ms.p95", 5, 1),
        ("memory.peak_rss_kb.median", 32 * 1024, 16 * 1024)]),
    ("10,000 events a second", HV + ["demo:big-node?events=10000", "--probe-interval", "0"],
     {"keys": "Down*20", "extra": ("--settle", "5", "--gap", "1", "--jitter", "40", "--quiesce", "3",
                                   "--start-timeout", "2")}, [
        ("keys.first_ms.p95", 5, 1), ("idle.bytes_per_s.median", 60000, 40000)]),
]


def main():
    broken = []
    for name, args, options, budgets in TESTS:
        print(f"\n{name}: {' '.join(['hvgpu'] + args[1:])}")
        for attempt in (1, 2):
            result = measure(args, **options)
            over = []
            for path, must, aim in budgets:
                got = find(result, path)
                if got is None:
                    over.append(f"{name}: {path} was not measured")
                    continue
                mark = "ok" if got <= must else "OVER"
                if attempt == 2 or got <= must:
                    print(f"  {path:32} {got:>10.3f}   must {must:<8} aim {aim:<8} {mark}"
                          f"{'' if got > aim else ' (aim met)'}")
                if got > must:
                    over.append(f"{name}: {path} is {got}, must be at most {must}")
            if not over:
                break
            print("  (over in this try)" if attempt == 1 else "")
        broken += over
    size_file = os.path.join(HOME, "stripped")
    shutil.copy(PROGRAM, size_file)
    subprocess.run(["strip", size_file], check=False)
    size = os.path.getsize(size_file)
    print(f"\nbinary, stripped: {size / 1024:.0f} KiB   must 1024   aim 300")
    if size > 1 << 20:
        broken.append("the stripped binary is over 1 MiB")
    if COMPARE:
        for other in ("htop", "btop"):
            if shutil.which(other):
                result = measure([other], runs=2)
                print(f"\n{other}: first paint {find(result, 'start.first_paint_ms.median')} ms, key "
                      f"{find(result, 'keys.settled_ms.median')} / {find(result, 'keys.settled_ms.p95')} ms, "
                      f"idle {find(result, 'idle.cpu_pct.median')} % "
                      f"{find(result, 'idle.wakeups_per_s.median')} wake-ups/s")
            else:
                print(f"\n{other} is not installed: not measured")
    for line in broken:
        print("BROKEN:", line)
    shutil.rmtree(HOME, ignore_errors=True)
    return 1 if broken else 0


sys.exit(main())
