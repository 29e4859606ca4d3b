"""Says, as JSON, what a program can see of how it was started."""

import atexit
import sys

MODULES = sorted(sys.modules)

import json
import os
import pickle


class Pickled:
    pass


def describe():
    main = sys.modules["__main__"]
    return {
        "argv": sys.argv,
        "path": sys.path,
        "flags": str(sys.flags),
        "hash seed": os.environ.get("PYTHONHASHSEED"),
        "recursion limit": sys.getrecursionlimit(),
        "names": sorted(name for name in globals() if name.startswith("__")),
        "name": __name__,
        "file": globals().get("__file__"),
        "package": __package__,
        "spec": getattr(__spec__, "name", None),
        "loader": type(__loader__).__name__,
        "builtins": type(__builtins__).__name__,
        "is main": vars(main) is globals(),
        "modules": [name for name in MODULES if name != "atexit"],
        "open files": sum(int(number) < 100 for number in os.listdir("/proc/self/fd")),
        "excepthook": sys.excepthook is sys.__excepthook__,
        "traced": str(sys.gettrace()),
        "pickled": type(pickle.loads(pickle.dumps(Pickled()))).__module__,
    }


print(json.dumps(describe()))
atexit.register(lambda: print(json.dumps(sorted(name for name in globals() if name[:2] == "__"))))
if "raise" in sys.argv:
    raise ValueError("two\nlines") from KeyError("cause")
