package io.murmuration.cluster.node;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.run.RunEvent;
import java.util.List;

/** What a coordinator tells, as JSON. Members are text, {@code NODE:ROLE#INCARNATION}; a number that is not finite is null. */
final class RunEventLines {

    private RunEventLines() {}

    static ObjectNode of(RunEvent event) {
        return switch (event) {
            case RunEvent.Started(Roster roster, long version) ->
                EventFile.event("started").put("version", version).put("shards", roster.shards());
            case RunEvent.TookOver(Member coordinator, long term, long version, String how) ->
                member("tookOver", coordinator)
                        .put("term", term)
                        .put("version", version)
                        .put("how", how);
            case RunEvent.Superseded(Member coordinator, long term, String reason) ->
                member("superseded", coordinator).put("term", term).put("reason", reason);
            case RunEvent.HandedOver(Member coordinator, long term, long version) ->
                member("handedOver", coordinator).put("term", term).put("version", version);
            case RunEvent.RolledBack(long from, long to, String reason) ->
                EventFile.event("rolledBack").put("from", from).put("to", to).put("reason", reason);
            case RunEvent.Rebuilding(int stage, long version, String reason) ->
                EventFile.event("rebuilding")
                        .put("stage", stage)
                        .put("version", version)
                        .put("reason", reason);
            case RunEvent.Rebuilt(Member member, int stage, long version, double below, double above) ->
                number(
                        number(member("rebuilt", member).put("stage", stage).put("version", version), "below", below),
                        "above",
                        above);
            case RunEvent.Waiting(String reason) -> EventFile.event("waiting").put("reason", reason);
            case RunEvent.Left(Member member, long version) ->
                member("left", member).put("version", version);
            case RunEvent.StepCommitted step -> step(step);
            case RunEvent.Evaluated(long version, double loss, int microbatches) ->
                number(EventFile.event("evaluated").put("version", version), "loss", loss)
                        .put("microbatches", microbatches);
            case RunEvent.Lost(Member member, String reason) ->
                member("lost", member).put("reason", reason);
            case RunEvent.GivenUp(Member member, String reason) ->
                member("givenUp", member).put("reason", reason);
            case RunEvent.Joining(Member member, int stage, long version) ->
                member("joining", member).put("stage", stage).put("version", version);
            case RunEvent.Fetching(Member member, int stage, long version, int quarters) ->
                member("fetching", member)
                        .put("stage", stage)
                        .put("version", version)
                        .put("quarters", quarters);
            case RunEvent.JoinFailed(Member member, long version, String reason) ->
                member("joinFailed", member).put("version", version).put("reason", reason);
            case RunEvent.Joined(Member member, long version) ->
                member("joined", member).put("version", version);
            case RunEvent.Moving(Member member, int from, int to, long version) ->
                move("moving", member, from, to).put("version", version);
            case RunEvent.Moved(Member member, int from, int to, long version) ->
                move("moved", member, from, to).put("version", version);
            case RunEvent.MoveDropped(Member member, int from, int to, String reason) ->
                move("moveDropped", member, from, to).put("reason", reason);
            case RunEvent.Rejected(Member member, String reason) ->
                member("rejected", member).put("reason", reason);
            case RunEvent.BadDonor(Member donor, Member receiver, long version, String reason) ->
                member("badDonor", donor)
                        .put("receiver", receiver.toString())
                        .put("version", version)
                        .put("reason", reason);
            case RunEvent.Unsound(Member keeper, long version, String reason) ->
                member("unsound", keeper).put("version", version).put("reason", reason);
            case RunEvent.Paused(long version) -> EventFile.event("paused").put("version", version);
            case RunEvent.Resumed(long version) -> EventFile.event("resumed").put("version", version);
            case RunEvent.Kept(long version, List<Member> keepers) -> {
                ObjectNode kept = EventFile.event("kept").put("version", version);
                members(kept.putArray("keepers"), keepers);
                yield kept;
            }
            case RunEvent.NotKept(long version, String reason) ->
                EventFile.event("notKept").put("version", version).put("reason", reason);
            case RunEvent.Finished finished -> {
                ObjectNode over = EventFile.event("finished")
                        .put("version", finished.version())
                        .put("stopped", finished.stopped());
                ObjectNode digests = over.putObject("digests");
                finished.digests().forEach((stage, digest) -> digests.put(stage.toString(), digest));
                yield over;
            }
            case RunEvent.Failed(String reason) -> EventFile.event("failed").put("reason", reason);
        };
    }

    private static ObjectNode step(RunEvent.StepCommitted step) {
        ObjectNode event = EventFile.event("stepCommitted").put("step", step.step());
        number(event, "loss", step.loss());
        number(event, "gradientNorm", step.gradientNorm());
        return event.put("counted", step.counted())
                .put("replayed", step.replayed())
                .put("shards", step.liveShards());
    }

    /** Who takes part from now on. */
    static ObjectNode roster(Roster roster) {
        ObjectNode event = EventFile.event("roster")
                .put("term", roster.epoch().term())
                .put("number", roster.epoch().number());
        ArrayNode stages = event.putArray("stages");
        roster.stages().forEach(stage -> members(stages.addArray(), stage));
        members(event.putArray("trainers"), roster.trainers());
        return event;
    }

    /** An event about a member. */
    static ObjectNode member(String event, Member member) {
        return EventFile.event(event).put("member", member.toString());
    }

    private static ObjectNode move(String event, Member member, int from, int to) {
        return member(event, member).put("from", from).put("to", to);
    }

    private static void members(ArrayNode array, List<Member> members) {
        members.forEach(member -> array.add(member.toString()));
    }

    private static ObjectNode number(ObjectNode event, String name, double value) {
        return Double.isFinite(value) ? event.put(name, value) : event.putNull(name);
    }
}
