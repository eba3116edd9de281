from highroad.resilience.loops import Loops


def test_the_same_call_is_let_through_a_few_times_in_a_row():
    loops = Loops(3)
    assert [loops.seen("run", "t", b"x") for _ in range(5)] == [None, None, None, 4, 5]


def test_another_call_in_between_breaks_the_streak():
    loops = Loops(2)
    assert [loops.seen("run", "t", digest) for digest in (b"x", b"x", b"y", b"x", b"x")] == [
        None
    ] * 5
    assert loops.seen("run", "t", b"x") == 3


def test_another_tool_with_the_same_arguments_is_another_call():
    loops = Loops(1)
    assert [loops.seen("run", tool, b"{}") for tool in "abab"] == [None] * 4


def test_runs_do_not_count_for_each_other():
    loops = Loops(1)
    assert loops.seen("a", "t", b"x") is None
    assert loops.seen("b", "t", b"x") is None
    assert loops.seen("a", "t", b"x") == 2


def test_an_ended_run_begins_anew():
    loops = Loops(1)
    loops.seen("a", "t", b"x")
    loops.forget("a")
    loops.forget("a")
    assert loops.seen("a", "t", b"x") is None


def test_memory_is_bounded_and_the_quietest_run_is_forgotten_first():
    loops = Loops(1, runs=2)
    loops.seen("a", "t", b"x")
    loops.seen("b", "t", b"x")
    loops.seen("a", "t", b"y")
    loops.seen("c", "t", b"x")
    assert len(loops) == 2
    assert loops.seen("a", "t", b"y") == 2
    assert loops.seen("b", "t", b"x") is None


def test_going_to_and_fro_between_two_reads_is_stopped():
    loops = Loops(3)
    assert [loops.seen("run", tool, b"{}") for tool in "abababab"] == [None] * 7 + [4]


def test_going_round_three_reads_is_stopped():
    loops = Loops(2)
    assert [loops.seen("run", tool, b"{}") for tool in "abcabcabc"] == [None] * 8 + [3]


def test_a_read_of_something_new_breaks_the_circle():
    loops = Loops(3)
    assert [loops.seen("run", tool, b"{}") for tool in "abababcb"] == [None] * 8


def test_looking_again_after_a_change_is_no_loop():
    loops = Loops(1)
    assert loops.seen("run", "t", b"x") is None
    loops.changed("run")
    loops.changed("nobody")
    assert loops.seen("run", "t", b"x") is None
    assert loops.seen("run", "t", b"x") == 2
