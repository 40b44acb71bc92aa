from zaphod.data.documents import Counters, Document, DocumentStage, Dropped, RememberingStage


class Shout(DocumentStage):
    name = "shout"

    def judge(self, document):
        return Dropped("empty") if not document.text else Document(id=document.id, text=document.text.upper())


def documents(*texts):
    return [Document(id=str(number), text=text) for number, text in enumerate(texts)]


def test_a_kept_document_names_the_stage_that_it_has_passed():
    assert [(d.text, d.lineage) for d in Shout()(documents("a", ""))] == [("A", ("shout",))]


def test_every_document_is_either_kept_or_dropped_for_a_reason():
    stage = Shout()
    list(stage(documents("a", "", "B")))
    assert (stage.counters.num_seen, stage.counters.num_kept, stage.counters.num_changed) == (3, 2, 1)
    assert stage.counters.dropped == {"empty": 1}


def test_counters_of_two_slices_add_up_to_those_of_the_whole():
    whole, first, second = Shout(), Shout(), Shout()
    list(whole(documents("a", "", "B")))
    list(first(documents("a")))
    list(second(documents("", "B")))
    total = Counters()
    total.add(first.counters)
    total.add(second.counters)
    assert total == whole.counters


def test_a_stage_without_memory_is_not_taken_for_one_that_remembers():
    assert not isinstance(Shout(), RememberingStage)
