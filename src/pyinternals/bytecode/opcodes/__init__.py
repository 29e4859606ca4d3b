"""The opcodes of each CPython version as data: one module a version, read by `opcode_table`.

The modules are written by ``scripts/generate_opcode_tables.py``, each under the interpreter it is
about; a test compares them with every interpreter at hand. They hold nothing that differs between
the patch releases of a version, or between its default, free-threaded and JIT builds.

- ``OPCODES``: what a compiler or a tracer writes. The kind of argument is an `ArgumentKind`; the
  stack effect is that of argument 0, on the way that does not jump.
- ``EFFECTS_BY_ARGUMENT``: what to add to that effect: terms of the argument, and their weights.
- ``JUMP_EFFECTS``: the stack effect on the way that jumps, where it is another one.
- ``BYTES_PER_JUMP_UNIT``: what a jump's argument counts in: bytes, or code units of two.
- ``SPECIALISED``: what the interpreter writes over an opcode while it runs.
- ``CACHES``: by opcode, the inline caches behind it and their sizes in code units.
- ``TEXTS``: by kind of argument, what its values are called where they are an index into a list.
- ``COMMON_CONSTANTS``: what LOAD_COMMON_CONSTANT loads; a builtin by its name.
"""
