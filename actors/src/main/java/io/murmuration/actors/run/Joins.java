package io.murmuration.actors.run;

import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.ShardMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Members on their way into a run that goes on. At a step boundary a joiner is told to pull its stage's snapshot from
 * donors that pin it; from then on it hears every average of the stage, and is told which are committed; when it has
 * applied the last one and its digest is that of the stage, it is in the next roster. Nobody waits for it, except that a
 * boundary is held, for a bounded time, for
 *
 * <ul>
 *   <li>the joiner of a stage that should have several replicas and has one: the next loss would lose the stage;
 *   <li>a joiner that has failed too often to keep up: the last resort before it is rejected;
 *   <li>a joiner that has only to apply the step that everybody has just applied, for the time of a {@code control-retry}:
 *       otherwise it would lose a race at every boundary.
 * </ul>
 *
 * <p>Pure and single-threaded; bounded by the members and {@code join-lag}.
 */
final class Joins {

    /** Committed steps that a joiner is told of at once. */
    private static final int FOLLOWS_AT_ONCE = 16;

    private static final long NOTHING = -1;

    private static final class Joiner {
        private final int stage;
        private final long base;
        private List<Member> donors;
        /** The version it holds, with the right digest. */
        private long version = NOTHING;
        /** What it says it holds, until it is known what the stage holds. */
        private long saidVersion = NOTHING;

        private String saidDigest = "";
        private final AskAgain asking;
        /** Boundaries that waited for it in vain although it was nearly there. */
        private int graces;

        private boolean graceOver;

        private Joiner(int stage, long base, List<Member> donors, AskAgain asking) {
            this.stage = stage;
            this.base = base;
            this.donors = donors;
            this.asking = asking;
        }

        /** The first step it has not applied. */
        private long next() {
            return Math.max(base, version);
        }
    }

    /** A snapshot that donors of a stage have pinned, for those who do not have it yet. */
    private record Pinned(long version, List<Member> donors, TreeSet<Member> receivers) {}

    private record Commit(long round, List<Member> participants, double gradientNorm) {}

    private final Desk desk;
    private final RunPlan plan;
    private final Members members;
    private final Map<Member, Joiner> joiners = new TreeMap<>();
    private final Map<Integer, Pinned> pins = new TreeMap<>();
    private final Map<Integer, TreeMap<Long, Commit>> commits = new TreeMap<>();
    private final Map<Integer, TreeMap<Long, String>> digests = new TreeMap<>();
    /** The version of the last attempt of everybody who has tried: one attempt per boundary. */
    private final Map<Member, Long> tried = new TreeMap<>();
    /** For whom a boundary was held in vain; not again. */
    private final TreeSet<Member> heldInVain = new TreeSet<>();
    /** Donors that a joiner does not believe. */
    private final Map<Member, TreeSet<Member>> distrusted = new TreeMap<>();

    private long version;

    Joins(Desk desk) {
        this.desk = desk;
        this.plan = desk.plan;
        this.members = desk.members;
        for (int stage = 0; stage < plan.stages(); stage++) {
            commits.put(stage, new TreeMap<>());
            digests.put(stage, new TreeMap<>());
        }
    }

    private void send(Member to, ControlMessage message) {
        desk.send(to, message);
    }

    private void tell(RunEvent event) {
        desk.tell(event);
    }

    // ---- what the run does --------------------------------------------------------------------------------------

    /** {@code reached} is in place everywhere, with these digests by stage. */
    void settled(long reached, SortedMap<Integer, String> known) {
        version = reached;
        known.forEach((stage, digest) -> {
            TreeMap<Long, String> log = digests.get(stage);
            log.put(reached, digest);
            while (log.size() > plan.joins().lag() + 1) {
                log.pollFirstEntry();
            }
        });
        List.copyOf(joiners.keySet()).forEach(this::compare);
    }

    /**
     * At a boundary: everybody who waits begins, from the version that is in place, unless an earlier one of that stage is
     * still pinned for others.
     *
     * @param reserved a checkpoint waits for the stages' copies: only joiners for whom the boundary is held begin
     */
    void begin(boolean reserved) {
        for (Member member : members.waiting()) {
            if (tried.getOrDefault(member, NOTHING) >= version) {
                continue;
            }
            int stage = desk.balance.stageFor(member);
            members.assignJoiner(member, stage);
            if (busy(stage) || (reserved && !held(member, stage))) {
                continue;
            }
            members.joining(member);
            tried.put(member, version);
            List<Member> donors = pin(stage, member);
            joiners.put(member, new Joiner(stage, version, donors, new AskAgain(plan.controlRetry(), desk.now)));
            send(member, new ShardMessage.Enlist(desk.epoch(), desk.history, stage, version, donors));
            tell(new RunEvent.Joining(member, stage, version));
        }
    }

    /** Whether an earlier version of the stage is pinned and still needed. */
    private boolean busy(int stage) {
        Pinned pinned = pins.get(stage);
        return pinned != null
                && pinned.version() != version
                && !pinned.receivers().isEmpty();
    }

    /** Whether an earlier version of any stage is pinned and still needed. */
    boolean busy() {
        return pins.keySet().stream().anyMatch(this::busy);
    }

    /**
     * Has the present version of a stage pinned for {@code receiver} too.
     *
     * @return who serves it
     */
    List<Member> pin(int stage, Member receiver) {
        Pinned pinned = pins.get(stage);
        TreeSet<Member> receivers = new TreeSet<>(List.of(receiver));
        List<Member> before = List.of();
        if (pinned != null && pinned.version() == version) {
            receivers.addAll(pinned.receivers());
            before = pinned.donors();
        }
        List<Member> donors = new ArrayList<>(before);
        donors.retainAll(desk.roster.stage(stage));
        List<Member> shards = desk.roster.stage(stage);
        TreeSet<Member> shunned = new TreeSet<>(distrusted.getOrDefault(receiver, new TreeSet<>()));
        if (shunned.containsAll(shards)) {
            // Nobody else is left. Who was silent may have come back, and what is wrong is found out again.
            shunned.clear();
        }
        for (int i = 0;
                i < shards.size() && trusted(donors, shunned) < plan.joins().donors();
                i++) {
            // Another order for every version: not always the same shard has the work.
            Member shard = shards.get((int) ((version + members.failures(receiver) + i) % shards.size()));
            if (!donors.contains(shard) && !shunned.contains(shard)) {
                donors.add(shard);
            }
        }
        pins.put(stage, new Pinned(version, List.copyOf(donors), receivers));
        donors.forEach(
                donor -> send(donor, new ShardMessage.Pin(desk.roster.epoch(), version, List.copyOf(receivers))));
        return donors.stream().filter(donor -> !shunned.contains(donor)).toList();
    }

    private static long trusted(List<Member> donors, TreeSet<Member> shunned) {
        return donors.stream().filter(donor -> !shunned.contains(donor)).count();
    }

    /** Who has its snapshot, or needs none any more. */
    void unpin(Member receiver) {
        pins.values().forEach(pinned -> pinned.receivers().remove(receiver));
        pins.values().removeIf(pinned -> pinned.receivers().isEmpty());
    }

    /** Joiners of every stage: they hear the averages of the step that is being closed. */
    List<List<Member>> listeners() {
        List<List<Member>> listeners = new ArrayList<>();
        for (int stage = 0; stage < plan.stages(); stage++) {
            int of = stage;
            listeners.add(joiners.entrySet().stream()
                    .filter(entry -> entry.getValue().stage == of)
                    .map(Map.Entry::getKey)
                    .toList());
        }
        return listeners;
    }

    /** A stage's average of {@code step} is committed: its joiners are to apply it when they can. */
    void committed(int stage, long step, ShardMessage.Average round, double gradientNorm) {
        if (joiners.values().stream().noneMatch(joiner -> joiner.stage == stage)) {
            commits.get(stage).clear();
            return;
        }
        commits.get(stage).put(step, new Commit(round.round(), round.participants(), gradientNorm));
        joiners.forEach((member, joiner) -> {
            if (joiner.stage == stage) {
                follow(member, joiner, step);
            }
        });
        long needed = step;
        for (Joiner joiner : joiners.values()) {
            needed = joiner.stage == stage ? Math.min(needed, joiner.next()) : needed;
        }
        commits.get(stage).headMap(needed).clear();
        joiners.entrySet().stream()
                .filter(entry -> step - entry.getValue().next() >= plan.joins().lag())
                .map(Map.Entry::getKey)
                .toList()
                .forEach(member ->
                        failed(member, "it is more than " + plan.joins().lag() + " steps behind its stage"));
    }

    private void follow(Member member, Joiner joiner, long step) {
        Commit commit = commits.get(joiner.stage).get(step);
        if (commit != null) {
            send(
                    member,
                    new ShardMessage.Follow(
                            desk.epoch(), step, commit.round(), commit.participants(), commit.gradientNorm()));
        }
    }

    /** Those who hold what their stage holds; they are members of the next roster. */
    List<Member> admit() {
        List<Member> admitted = joiners.entrySet().stream()
                .filter(entry -> entry.getValue().version == version)
                .map(Map.Entry::getKey)
                .toList();
        for (Member member : admitted) {
            Joiner joiner = joiners.get(member);
            members.enlisted(member, digests.get(joiner.stage).get(version));
            forget(member);
            tell(new RunEvent.Joined(member, version));
            desk.balance.arrived(member, joiner.stage);
        }
        return admitted;
    }

    /** The run begins anew: nothing of what anybody was told holds any more. */
    void forgetAll() {
        cancel();
        tried.clear();
        heldInVain.clear();
        distrusted.clear();
        commits.values().forEach(TreeMap::clear);
        digests.values().forEach(TreeMap::clear);
    }

    /** The run is over: nobody needs to come in any more. */
    void cancel() {
        joiners.clear();
        pins.clear();
    }

    /** Nobody has the stage any more: what its joiners were taking is nobody's, and they wait. */
    void stageLost(int stage) {
        List<Member> lost = joiners.entrySet().stream()
                .filter(entry -> entry.getValue().stage == stage)
                .map(Map.Entry::getKey)
                .toList();
        lost.forEach(this::forget);
        lost.forEach(members::waits);
        pins.remove(stage);
        digests.get(stage).clear();
        commits.get(stage).clear();
    }

    /** Whether somebody waits for the next boundary, to begin or to be let in. */
    boolean waitForBoundary() {
        return joiners.values().stream().anyMatch(joiner -> joiner.version >= 0)
                || members.waiting().stream().anyMatch(member -> tried.getOrDefault(member, NOTHING) < version);
    }

    // ---- holding a boundary -------------------------------------------------------------------------------------

    /** Whether the boundary is to wait for a joiner. */
    boolean holds() {
        return joiners.entrySet().stream()
                        .anyMatch(
                                entry -> held(entry.getKey(), entry.getValue().stage) || nearlyThere(entry.getValue()))
                || members.waiting().stream()
                        .anyMatch(member ->
                                tried.getOrDefault(member, NOTHING) < version && held(member, members.stage(member)));
    }

    private boolean held(Member member, int stage) {
        boolean alone = desk.roster.stage(stage).size() == 1 && plan.replicas() > 1;
        return !heldInVain.contains(member) && (alone || lastResort(member));
    }

    private boolean lastResort(Member member) {
        return members.failures(member) >= plan.joins().attempts();
    }

    private boolean nearlyThere(Joiner joiner) {
        return !joiner.graceOver && joiner.version >= 0 && joiner.version == version - 1;
    }

    /** The boundary has waited for a {@code control-retry}: enough for who was nearly there. */
    void endGrace() {
        List<Member> late = new ArrayList<>();
        joiners.forEach((member, joiner) -> {
            if (nearlyThere(joiner)) {
                joiner.graceOver = true;
                joiner.graces++;
                if (joiner.graces >= plan.joins().attempts()) {
                    late.add(member);
                }
            }
        });
        late.forEach(member -> failed(member, "it applies a step more slowly than its stage computes one"));
    }

    /** The boundary has waited long enough; those for whom it was the last resort are rejected. */
    void endHold() {
        endGrace();
        List<Member> waitedFor = new ArrayList<>(members.waiting());
        waitedFor.addAll(joiners.keySet());
        for (Member member : waitedFor) {
            int stage = joiners.containsKey(member) ? joiners.get(member).stage : members.stage(member);
            if (held(member, stage)) {
                heldInVain.add(member);
                if (lastResort(member)) {
                    reject(member, "it took no snapshot within " + plan.holdBoundary() + " of a boundary held for it");
                }
            }
        }
    }

    // ---- what joiners say ---------------------------------------------------------------------------------------

    boolean isJoining(Member member) {
        return joiners.containsKey(member);
    }

    /** The joiner holds this version with this digest. */
    void reported(Member member, long held, String digest) {
        Joiner joiner = joiners.get(member);
        if (joiner != null && held >= joiner.base && held > joiner.version) {
            unpin(member);
            joiner.asking.restart(desk.now);
            joiner.saidVersion = held;
            joiner.saidDigest = digest;
            compare(member);
        }
    }

    private void compare(Member member) {
        Joiner joiner = joiners.get(member);
        if (joiner == null || joiner.saidVersion <= joiner.version) {
            return;
        }
        String expected = digests.get(joiner.stage).get(joiner.saidVersion);
        if (expected == null) {
            if (joiner.saidVersion <= version) {
                failed(member, "version " + joiner.saidVersion + " is too old to compare");
            }
        } else if (expected.equals(joiner.saidDigest)) {
            joiner.version = joiner.saidVersion;
            joiner.graceOver = false;
        } else {
            failed(
                    member,
                    "its version " + joiner.saidVersion + " has digest " + joiner.saidDigest + " in place of "
                            + expected);
        }
    }

    void fetching(Member member, CoordinatorMessage.Fetching progress) {
        Joiner joiner = joiners.get(member);
        if (joiner != null && joiner.base == progress.version()) {
            tell(new RunEvent.Fetching(member, joiner.stage, progress.version(), progress.quarters()));
        }
    }

    /** Only that joiner believes it no more: who accuses may be the one who lies. */
    void badDonor(Member member, CoordinatorMessage.BadDonor bad) {
        TreeSet<Member> known = distrusted.computeIfAbsent(member, absent -> new TreeSet<>());
        if ((joiners.containsKey(member) || desk.roster.stageOf(bad.donor()).isPresent()) && known.add(bad.donor())) {
            tell(new RunEvent.BadDonor(bad.donor(), member, bad.version(), bad.reason()));
        }
    }

    /** The joiner cannot go on; where only donors are lacking it is named others of the same version. */
    void failed(Member member, CoordinatorMessage.JoinFailed failed) {
        Joiner joiner = joiners.get(member);
        if (joiner == null || joiner.base != failed.version() || joiner.version >= 0) {
            if (joiner != null && joiner.base == failed.version()) {
                failed(member, failed.reason());
            }
            return;
        }
        List<Member> others = failed.donorsLacking() ? otherDonors(member, joiner) : List.of();
        if (others.isEmpty()) {
            failed(member, failed.reason());
        } else {
            joiner.donors = others;
            joiner.asking.restart(desk.now);
            send(member, new ShardMessage.Enlist(desk.epoch(), desk.history, joiner.stage, joiner.base, others));
        }
    }

    private List<Member> otherDonors(Member member, Joiner joiner) {
        TreeSet<Member> shunned = distrusted.computeIfAbsent(member, absent -> new TreeSet<>());
        shunned.addAll(joiner.donors);
        boolean fresh = desk.roster.stage(joiner.stage).stream().anyMatch(shard -> !shunned.contains(shard));
        if (joiner.base == version && fresh) {
            return pin(joiner.stage, member).stream()
                    .filter(donor -> !shunned.contains(donor))
                    .toList();
        }
        return desk.checkpoints.sources(joiner.base).stream()
                .filter(keeper -> !shunned.contains(keeper))
                .limit(plan.joins().donors())
                .toList();
    }

    /** A failed attempt: it waits for the next boundary, or was the last resort. */
    private void failed(Member member, String reason) {
        Joiner joiner = joiners.get(member);
        boolean last = lastResort(member);
        forget(member);
        if (last) {
            reject(member, reason);
        } else {
            members.joinFailed(member);
            tell(new RunEvent.JoinFailed(member, joiner.base, reason));
        }
    }

    private void reject(Member member, String reason) {
        forget(member);
        members.rejected(member);
        tell(new RunEvent.Rejected(member, reason));
        desk.balance.gone(member, "it is rejected: " + reason);
    }

    private void forget(Member member) {
        joiners.remove(member);
        unpin(member);
    }

    /** The member is gone, whatever it was. */
    void gone(Member member) {
        forget(member);
        tried.remove(member);
        heldInVain.remove(member);
        distrusted.remove(member);
    }

    // ---- time ---------------------------------------------------------------------------------------------------

    /** Whoever has not answered is asked again. */
    void askAgain() {
        joiners.forEach((member, joiner) -> {
            if (!joiner.asking.due(desk.now)) {
                return;
            }
            if (joiner.version < 0) {
                Pinned pinned = pins.get(joiner.stage);
                if (pinned != null && pinned.version() == version && joiner.base == version) {
                    List<Member> receivers = List.copyOf(pinned.receivers());
                    pinned.donors()
                            .forEach(donor -> send(
                                    donor, new ShardMessage.Pin(desk.roster.epoch(), pinned.version(), receivers)));
                }
                send(
                        member,
                        new ShardMessage.Enlist(desk.epoch(), desk.history, joiner.stage, joiner.base, joiner.donors));
                // It is told of the commits when it can apply them.
                return;
            }
            commits.get(joiner.stage).tailMap(joiner.next()).keySet().stream()
                    .limit(FOLLOWS_AT_ONCE)
                    .forEach(step -> follow(member, joiner, step));
        });
    }
}
