"""What workers have to do."""

import pytest

from domain import audit, work_queue
from models import AuditEntry, Task


def add(cast, key="one"):
    return work_queue.add("new_activation_wanted", "intake", cast.pia, key)


def test_the_same_task_is_put_there_once(cast):
    assert [add(cast), add(cast), add(cast, "two")] == [True, False, True]
    assert Task.select().count() == 2


def test_another_kind_with_the_same_key_is_another_task(cast):
    assert add(cast)
    assert work_queue.add("birth_date_closed", "intake", cast.pia, "one")


def test_of_twenty_at_once_one_is_put_there(cast, at_once):
    pia = cast.pia
    answers = at_once([lambda: work_queue.add("birth_date_closed", "intake", pia, "one")] * 20)
    assert answers.count(True) == 1
    assert Task.select().count() == 1


def test_a_task_is_ticked_off_once_and_by_whom_is_kept(cast):
    add(cast)
    task = Task.get()
    work_queue.done(task, cast.by("ines"))
    work_queue.done(task, cast.by("ada"))
    task = Task.get()
    assert (task.done_by, bool(task.done_at)) == (cast.ines, True)
    [entry] = AuditEntry.select().where(AuditEntry.kind == "task.done")
    assert (entry.worker, entry.individual, entry.subject) == (cast.ines, cast.pia, f"task {task.id}")
    assert audit.values_of(entry) == {"kind": "new_activation_wanted"}


def test_a_done_task_does_not_come_back_by_the_same_cause(cast):
    add(cast)
    work_queue.done(Task.get(), cast.by("ines"))
    assert not add(cast)


@pytest.mark.parametrize(("kind", "category"), [("something_else", "intake"), ("birth_date_closed", "somebody")])
def test_a_kind_or_category_that_does_not_exist_is_not_taken_for_a_task_that_is_there_already(cast, kind, category):
    with pytest.raises(ValueError, match="no task"):
        work_queue.add(kind, category, cast.pia, "one")
    assert not Task.select().exists()
