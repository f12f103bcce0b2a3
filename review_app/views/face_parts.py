"""What the page Samples shows of a face, part by part."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from review_app.charts.face import dynamics, probability_bars
from review_app.queries.faces import Face, face_files
from review_app.views import parts
from review_app.views.parts import ACTION_WORDS, Html
from scn_core.errors import counted
from scn_core.store.reports.one_face import FaceScore

_PLAIN_CHART = {"displayModeBar": False}


def facts(face: Face, classes: Sequence[str]) -> None:
    """Key, labels and where the face stands in the queue."""
    sample, item = face.stored.sample, face.item
    rows = [("Key", sample.key), ("Number", str(face.stored.id)), ("Split", sample.split)]
    if face.blind:  # who changed the label, and from what, would sway the answer
        given = face.stored.sample.given_label if item is None else item.given_label
        rows.append(("Given label", classes[given]))
    else:
        rows += _labels(face, classes)
    if face.origin.vanished_at is not None:
        rows.append(("In the data set", f"no more, since the update of {parts.moment(face.origin.vanished_at)}"))
    elif face.origin.added_at is not None:
        rows.append(("In the data set", f"since the update of {parts.moment(face.origin.added_at)}"))
    if item is not None:
        state = "to review" if item.action is None else ACTION_WORDS[item.action]
        weighed = item.alpha is not None or item.kind != "suspicious"
        kind = parts.KIND_WORDS["audit" if face.blind else item.kind] if weighed or face.blind else "suspicious"
        rows.append((f"Queue, round {item.round}", f"{kind}, {state}"))
        held = f"held until {parts.moment(item.lease_until, seconds=True)}" if item.lease_until else "held by nobody"
        rows.append(("Lease", held))
    parts.facts(rows)


def copies(face: Face, classes: Sequence[str]) -> None:
    """The faces with the same pixels, and which of them an answer here settles too."""
    if not face.copies:
        return
    answered = {} if face.item is None else {copy.sample_id: copy.answered_by for copy in face.item.copies}
    rows = [
        (
            parts.link(each.sample_id, each.key),
            each.split,
            "excluded" if each.excluded else classes[each.label],
            answered.get(each.sample_id) or "",
        )
        for each in face.copies
    ]
    st.subheader("Copies", anchor=False)
    parts.table("Faces with the same pixels", ("Key", "Split", "Label now", "Answered by"), rows)
    alone = [each for each in face.copies if each.sample_id not in answered]
    words = "An answer here settles the copies too, but for those that somebody else answered." if answered else ""
    if alone:
        words += f" Of {counted(len(face.copies), 'copy', 'copies')}, {len(alone):,} "
        words += f"{'is' if len(alone) == 1 else 'are'} asked about separately or not at all."
    st.text(words.strip())


def _labels(face: Face, classes: Sequence[str]) -> list[tuple[str, str]]:
    """The data set's label, what the round in review asks about where people decided it, and what holds now."""
    label, item, given = face.label, face.item, classes[face.stored.sample.given_label]
    why = "nothing decided: the given label stands"
    if label.action is not None:
        why = f"{ACTION_WORDS[label.action]} by {label.person}, round {label.round}, {parts.moment(label.decided_at)}"
    if label.given_when_decided is not None:
        why += f"; the given label was {classes[label.given_when_decided]} then"
    rows = [("Given label", given + _versions(face, classes))]
    if item is not None and item.decided_round is not None:
        now = classes[item.given_label]
        changed = item.given_label != item.original_label
        words = f"was {classes[item.original_label]}, {now} since" if changed else f"{now}, confirmed in"
        rows.append((f"Label in round {item.round}", f"{words} round {item.decided_round}"))
    return [*rows, ("Label now", f"{'excluded' if label.excluded else classes[label.label]} ({why})")]


def _versions(face: Face, classes: Sequence[str]) -> str:
    """The given labels a face had before, the newest first, and until when."""
    earlier = [
        f"{classes[version.label]} until the update of {parts.moment(version.replaced_at)}"
        for version in reversed(face.origin.earlier)
    ]
    return f" ({', '.join(earlier)})" if earlier else ""


def votes(face: Face, classes: Sequence[str]) -> None:
    """How the people labelled the face whose labels the data set came with."""
    if face.votes is None:
        return
    named = [(classes[label], count) for label, count in face.votes.labels.items()]
    st.subheader("Votes", anchor=False)
    st.text("Labels that people gave before the import")
    rows = [
        (name, f"{count:,}", f"{count / face.votes.total:.0%}") for name, count in (*named, *face.votes.others.items())
    ]
    parts.table("Votes", ("Label", "Votes", "Share"), rows)


def opinions(face: Face, classes: Sequence[str]) -> None:
    """What other models say of the face, side by side with the newest round."""
    if not face.opinions:
        return
    columns = [(each.source, each.probabilities) for each in face.opinions]
    if face.scores:
        columns.insert(0, (f"Round {face.scores[0].round}", face.scores[0].probabilities))
    st.subheader("Other models", anchor=False)
    rows = [(name, *(f"{shares[label]:.0%}" for _, shares in columns)) for label, name in enumerate(classes)]
    parts.table("Other models", ("Class", *(name for name, _ in columns)), rows)


def scores(face: Face, classes: Sequence[str]) -> None:
    """What each round says of the face, and one of them in full."""
    numbers = [score.round for score in face.scores]
    chosen = st.selectbox("Round", numbers, key="rv-sample-round") if len(numbers) > 1 else numbers[0]
    score = next(score for score in face.scores if score.round == chosen)
    _numbers(score, classes)
    given = score.start_label
    st.plotly_chart(
        probability_bars(
            classes, score.probabilities, given=given, proposed=score.proposed_label, dark=parts.is_dark()
        ),
        key="rv-bars",
        config=_PLAIN_CHART,
        alt=f"Class probabilities in round {chosen}",
    )
    files = face_files(score.round, face.stored.id)
    if files.dynamics is not None:
        st.plotly_chart(
            dynamics(files.dynamics.alpha, files.dynamics.margin, dark=parts.is_dark()),
            key="rv-dynamics",
            config=_PLAIN_CHART,
            alt=f"Alpha and margin over the epochs of round {chosen}",
        )
    if files.neighbours is not None:
        for title, label, ids in (
            ("given class", given, files.neighbours.given),
            ("other class", files.neighbours.other_label, files.neighbours.other),
        ):
            if ids:
                st.text(f"Confident faces like this one, {title}: {parts.name_of(classes, label)}")
                parts.thumbs(ids, parts.name_of(classes, label))


def log(face: Face, classes: Sequence[str]) -> None:
    """Every answer and mark that the viewer may see, newest first."""
    rows: list[Sequence[Html | str]] = []
    for recorded in reversed(face.history):
        decision = recorded.decision
        words = "brought back" if recorded.brings_back else parts.describe(decision, classes)
        rows.append(
            (
                parts.moment(recorded.decided_at),
                recorded.who,
                f"round {decision.round}",
                words if recorded.live or decision.action == "undo" else parts.struck_out(words),
            )
        )
    st.subheader("History", anchor=False)
    if rows:
        parts.table("History", ("When", "Who", "Round", "What"), rows)
    elif not face.unread:
        st.text("Nobody has said anything about this face yet.")
    if face.unread:
        st.text("What others say of it in this round is shown once all readings are in.")


def _numbers(score: FaceScore, classes: Sequence[str]) -> None:
    shown = {
        "Alpha": "none" if score.alpha is None else f"{score.alpha:.2f}",
        "Margin": f"{score.margin:.2f}",
        "Suspicion": f"{score.suspicion:.2f}",
    }
    parts.metrics(shown)
    proposed = "no relabel proposed" if score.proposed_label is None else f"proposed: {classes[score.proposed_label]}"
    # Without a proposal there is no first choice that a second could follow.
    choice = None if score.proposed_label is None else score.second_label
    second = "" if choice is None else f"; next likeliest: {_chance(score, choice, classes)}"
    st.text(f"Round {score.round}, {proposed}; predicted: {classes[score.predicted_label]}{second}")
    if score.alpha is None:
        group = "made from opinions, without training: there is no alpha"
    else:
        group = "low-importance group" if score.low_importance else "high-importance group"
    doubt = "" if score.doubt is None else f"; {parts.DOUBT_WORDS[score.doubt]}"
    named = parts.KIND_WORDS["suspicious"] if score.suspicious and score.alpha is not None else group
    st.text(f"{named}{doubt}")


def _chance(score: FaceScore, label: int, classes: Sequence[str]) -> str:
    return f"{classes[label]}, {score.probabilities[label]:.0%}"
