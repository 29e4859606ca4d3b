"""Counts, in the child of ``dis --run``, how often each code unit is executed.

With `sys.monitoring` (PEP 669, 3.12+) or a trace function with opcode events (3.11). Both keep the
instructions they watch from being specialised, so what is counted is the generic form of the
program; `specialisation` says how the two differ. Loaded by `run_child`; imports no more than it
must.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, FrameType
    from typing import Any

TOOL_NAME = "pyinternals"


class Copies:
    """Notices code objects that a program makes of the source of `codes` a second time.

    By ``code.replace()``, or by importing the file under another name. What these execute is not
    counted, so that what is counted for the code object they resemble is a lower bound.
    """

    def __init__(self, codes: "list[CodeType]") -> None:
        self.codes = codes
        self.root = codes[0]
        self.filename = self.root.co_filename
        self.bytecode = [code.co_code for code in codes]
        self.found: set[int] = set()
        """`id` of each of `codes` that has copies."""

    def on_audit(self, event: str, arguments: "Any") -> None:
        """Look at an audit event (`sys.addaudithook`)."""
        if event == "code.__new__":
            bytecode, filename, name = arguments[:3]
            if filename != self.filename:
                return
            for own, own_bytecode in zip(self.codes, self.bytecode, strict=True):
                if own.co_name == name or own_bytecode == bytecode:
                    self.found.add(id(own))
        elif event == "exec":
            code = arguments[0]
            if code is not self.root and code == self.root:
                self.found.update(map(id, self.codes))

    def on_frame(self, code: "CodeType") -> None:
        """Look at a code object that is executed and is none of `codes`."""
        if code.co_filename != self.filename:
            return
        is_path = not self.filename.startswith("<")  # else any exec has that name
        for own, bytecode in zip(self.codes, self.bytecode, strict=True):
            if own.co_firstlineno == code.co_firstlineno and (
                bytecode == code.co_code or (is_path and own.co_name == code.co_name)
            ):
                self.found.add(id(own))


class Counter:
    """How often each code unit was executed, and how often a frame was entered there."""

    def __init__(self, codes: "list[CodeType]") -> None:
        self.codes = codes
        self.copies = Copies(codes)
        self.executed = {id(code): [0] * (len(code.co_code) // 2) for code in codes}
        self.entered = {id(code): [0] * (len(code.co_code) // 2) for code in codes}

    def start(self) -> None:
        """Count from here on."""

    def stop(self) -> "list[str]":
        """Count no more. Returns why the counts are not complete."""
        return []


class MonitoringCounter(Counter):
    """By `sys.monitoring`, for these code objects alone: all other code runs as always (3.12+)."""

    def __init__(self, codes: "list[CodeType]") -> None:
        super().__init__(codes)
        executed, entered = self.executed, self.entered
        key = id

        # no call or jump between reading and writing the number: no other thread gets in
        def on_instruction(code: "CodeType", offset: int) -> None:
            executed[key(code)][offset >> 1] += 1

        def on_entry(code: "CodeType", offset: int) -> None:
            entered[key(code)][offset >> 1] += 1

        self.monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
        events = self.monitoring.events
        self.events = events.INSTRUCTION | events.PY_START | events.PY_RESUME
        self.callbacks = {
            events.INSTRUCTION: on_instruction,
            events.PY_START: on_entry,
            events.PY_RESUME: on_entry,
        }
        self.tool = 0
        self.is_disturbed = False

    def start(self) -> None:
        """Take the highest tool that is free: programs ask for the low ones."""
        monitoring = self.monitoring
        free = [tool for tool in range(6) if monitoring.get_tool(tool) is None]
        self.tool = max(tool for tool in free if tool != 5)
        monitoring.use_tool_id(self.tool, TOOL_NAME)
        for event, callback in self.callbacks.items():
            monitoring.register_callback(self.tool, event, callback)
        self._set_events([tool for tool in free if tool != self.tool])

        def on_audit(event: str, arguments: "Any") -> None:
            if event in _TRACING_EVENTS:
                self.is_disturbed = True
            else:
                on_audit_of_copies(event, arguments)

        on_audit_of_copies = self.copies.on_audit
        sys.addaudithook(on_audit)

    def _set_events(self, others: "list[int]") -> None:
        """Together with one of `others` for a moment, so that a second tool doesn't end the counting.

        A code object with one tool has no record of which instruction is which tool's. It is made
        when there is a second tool (`sys.settrace` is one), but made empty: the first tool gets no
        INSTRUCTION events from then on (3.12 to 3.15, update_instrumentation_data in
        Python/instrumentation.c). One that was made before stays.
        """
        monitoring, instruction = self.monitoring, self.monitoring.events.INSTRUCTION
        for other in others[:1]:
            monitoring.use_tool_id(other, TOOL_NAME)
            for code in self.codes:
                monitoring.set_local_events(other, code, instruction)
        for code in self.codes:
            monitoring.set_local_events(self.tool, code, self.events)
        for other in others[:1]:
            for code in self.codes:
                monitoring.set_local_events(other, code, 0)
            monitoring.free_tool_id(other)

    def stop(self) -> "list[str]":
        """See whether everything is still as `start` left it."""
        problems = [_TRACED] if self.is_disturbed else []
        if "threading" in sys.modules and not getattr(sys, "_is_gil_enabled", lambda: True)():
            problems.append(_NO_GIL)
        monitoring = self.monitoring
        if monitoring.get_tool(self.tool) != TOOL_NAME:
            return [*problems, _TOOL_CHANGED]
        events = [monitoring.get_local_events(self.tool, code) for code in self.codes]
        for code in self.codes:
            monitoring.set_local_events(self.tool, code, 0)
        callbacks = [
            monitoring.register_callback(self.tool, event, None) for event in self.callbacks
        ]
        if set(events) != {self.events} or callbacks != list(self.callbacks.values()):
            problems.append(_TOOL_CHANGED)
        return problems


_TRACING_EVENTS = ("sys.settrace", "sys.setprofile", "sys.monitoring.register_callback")
_TRACED = (
    "the program traces or profiles itself, and while its trace functions run nothing is counted"
)
_TOOL_CHANGED = "the program changed or freed the sys.monitoring tool that counts"
_NO_GIL = "without the GIL, threads that count at the same moment lose counts"


class TracingCounter(Counter):
    """By a trace function with opcode events (3.11)."""

    def __init__(self, codes: "list[CodeType]") -> None:
        super().__init__(codes)
        executed, entered = self.executed, self.entered
        key = id
        on_frame = self.copies.on_frame
        self.is_disturbed = False
        self.is_profiled = False
        self.set_trace = sys.settrace

        def on_opcode(frame: "FrameType", event: str, argument: "Any") -> "Any":
            if event == "opcode":
                executed[key(frame.f_code)][frame.f_lasti >> 1] += 1
            return on_opcode

        def on_call(frame: "FrameType", event: str, argument: "Any") -> "Any":
            units = entered.get(key(frame.f_code))
            if units is None:
                on_frame(frame.f_code)
                return None
            units[frame.f_lasti >> 1] += 1
            frame.f_trace_lines = False
            frame.f_trace_opcodes = True
            return on_opcode

        self.on_call = on_call

    def start(self) -> None:
        """Trace this thread and all that will be started.

        No audit hook notices what becomes of the trace function: 3.11 calls it with an exception set.
        """
        import _thread
        import threading

        start_thread = _thread.start_new_thread
        set_trace, set_profile = sys.settrace, sys.setprofile

        def traced(function: "Any", arguments: "Any", keywords: "Any") -> None:
            set_trace(self.on_call)
            try:
                function(*arguments, **keywords)
            finally:
                self.is_disturbed |= sys.gettrace() is not self.on_call

        def start_new_thread(function: "Any", arguments: "Any", keywords: "Any" = None) -> "Any":
            return start_thread(traced, (function, arguments, keywords or {}))

        def settrace(function: "Any") -> None:
            self.is_disturbed = True
            set_trace(function)

        def setprofile(function: "Any") -> None:
            self.is_profiled = True
            set_profile(function)

        for module, name, replacement in (
            (_thread, "start_new_thread", start_new_thread),
            (threading, "_start_new_thread", start_new_thread),
            (sys, "settrace", settrace),
            (sys, "setprofile", setprofile),
        ):
            setattr(module, name, replacement)
        self.set_trace = set_trace
        set_trace(self.on_call)

    def stop(self) -> "list[str]":
        """See whether the trace function is still in its place."""
        if sys.gettrace() is not self.on_call:
            self.is_disturbed = True
        self.set_trace(None)
        problems = [_TRACE_LOST] if self.is_disturbed else []
        if self.is_profiled or "_lsprof" in sys.modules:
            problems.append(_TRACED)
        return problems


_TRACE_LOST = "the trace function that counts was replaced, or dropped at the recursion limit"


def counter_for(codes: "list[CodeType]") -> Counter:
    """The counter for this version."""
    return MonitoringCounter(codes) if hasattr(sys, "monitoring") else TracingCounter(codes)
