package io.murmuration.actors.run;

import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.rebalance.JoinerPlacement;
import io.murmuration.actors.rebalance.Move;
import io.murmuration.actors.rebalance.RebalanceSettings;
import io.murmuration.actors.rebalance.Rebalancer;
import io.murmuration.actors.rebalance.ShardReport;
import io.murmuration.actors.rebalance.StageRates;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * Which shard serves which stage while the run goes on: it knows the loads, asks the {@link Rebalancer} once a period, has its
 * move carried out at the next boundary, and places joiners.
 *
 * <p>A move is a leave and a join. At a boundary, where it holds nothing but its version, which its peers have, the shard is
 * taken out of the roster and told to start over; its next incarnation joins the stage it was sent to. Whatever has changed
 * between the decision and the boundary is looked at again there, so that no stage is left with fewer shards than
 * {@code minimumReplicas} that can be reached. The stage is remembered for the peer until it serves there, is rejected or gone,
 * or has not come back within {@code gather-wait}. All of it dies with the coordinator: whoever is on its way then is a joiner
 * like any other.
 *
 * <p>Pure and single-threaded; bounded by the members.
 */
final class Balance {

    /** What a shard says of itself is believed up to here: sums of thousands of them stay finite. */
    private static final double FASTEST = 1e9;

    private static final long LONGEST_QUEUE = 1L << 30;

    /** Differences below this are rounding, not gain. */
    private static final double ROUNDING = 1e-9;

    private record Load(long queue, double rate) {

        private static final Load UNKNOWN = new Load(0, 0);
    }

    /** @param since when it was decided */
    private record Decided(Move move, long since) {}

    /**
     * Who has left its old stage for a new one.
     *
     * @param rate as it was there
     * @param seen when a next incarnation was last known to be there; at first, when it left
     */
    private record Traveller(Move move, double rate, long seen) {}

    private final Desk desk;
    private final Optional<RebalanceSettings> settings;
    private final int minimumReplicas;
    private final Map<Member, Load> loads = new TreeMap<>();
    private final Map<PeerId, Traveller> travellers = new TreeMap<>();
    private Optional<Rebalancer> rebalancer = Optional.empty();
    private Optional<Decided> decided = Optional.empty();

    Balance(Desk desk) {
        this.desk = desk;
        this.settings = desk.plan.rebalance();
        this.minimumReplicas = settings.map(RebalanceSettings::minimumReplicas).orElse(1);
    }

    // ---- what is known ------------------------------------------------------------------------------------------

    /** What a shard says of its load; of who takes no part, or obeyed another coordinator as it said it, nothing is kept. */
    void load(Member from, CoordinatorMessage.Load load) {
        boolean plausible =
                load.queue() >= 0 && load.queue() <= LONGEST_QUEUE && load.rate() >= 0 && load.rate() <= FASTEST;
        if (settings.isPresent()
                && plausible
                && load.epoch().term() == desk.epoch().term()
                && desk.roster.stageOf(from).isPresent()) {
            loads.put(from, new Load(load.queue(), load.rate()));
        }
    }

    /**
     * Everybody who serves or is on its way, once, but for those who want to go: their stage is as good as without them. Of two
     * lives of a peer the later one counts.
     */
    private List<ShardReport> reports() {
        Map<PeerId, ShardReport> reports = new TreeMap<>();
        travellers.forEach((peer, traveller) -> reports.put(
                peer,
                ShardReport.arriving(traveller.move().shard(), traveller.move().to(), traveller.rate())));
        desk.members.placed().forEach((member, stage) -> {
            if (desk.departures.wantsToGo(member)) {
                return;
            }
            Load load = loads.getOrDefault(member, Load.UNKNOWN);
            Optional<Traveller> traveller = Optional.ofNullable(travellers.get(member.peer()));
            reports.put(
                    member.peer(),
                    desk.roster.contains(member)
                            ? ShardReport.serving(member, stage, load.queue(), load.rate())
                            : ShardReport.arriving(
                                    member,
                                    stage,
                                    traveller.map(Traveller::rate).orElse(load.rate())));
        });
        return List.copyOf(reports.values());
    }

    private List<ShardReport> reportsBut(PeerId peer) {
        return reports().stream()
                .filter(report -> !report.shard().peer().equals(peer))
                .toList();
    }

    // ---- moves --------------------------------------------------------------------------------------------------

    /** Time has passed and the run trains: once a period somebody may be chosen to move. */
    void look() {
        if (settings.isEmpty()) {
            return;
        }
        loads.keySet().removeIf(member -> !desk.members.knows(member));
        if (rebalancer.isEmpty()) {
            rebalancer = Optional.of(new Rebalancer(desk.plan.stages(), settings.get(), desk.now));
        }
        if (decided.isEmpty()) {
            decided = rebalancer.get().look(desk.now, reports()).map(move -> new Decided(move, desk.now));
        }
    }

    /** Whether somebody waits for the next boundary; who serves a checkpoint goes at the first one after that. */
    boolean waitForBoundary() {
        return decided.filter(pending -> !desk.checkpoints.needs(pending.move().shard()))
                .isPresent();
    }

    /** Between two steps: who was chosen goes, if that is still right. */
    void atBoundary() {
        expire();
        if (decided.isEmpty()) {
            return;
        }
        Move move = decided.get().move();
        Optional<String> obstacle = obstacle(move);
        if (obstacle.isPresent()) {
            drop(move, obstacle.get());
        } else if (!desk.checkpoints.needs(move.shard())) {
            go(move);
        } else if (desk.now - decided.get().since()
                >= settings.orElseThrow().period().toNanos()) {
            drop(move, "it serves a checkpoint for longer than a period");
        }
    }

    private void go(Move move) {
        Member shard = move.shard();
        double rate = loads.getOrDefault(shard, Load.UNKNOWN).rate();
        decided = Optional.empty();
        travellers.put(shard.peer(), new Traveller(move, rate, desk.now));
        loads.remove(shard);
        desk.tell(new RunEvent.Moving(shard, move.from(), move.to(), desk.version));
        desk.proven = desk.proven.without(shard);
        desk.expel(shard, false, "it moves from stage " + move.from() + " to stage " + move.to());
    }

    /** What has changed since the move was chosen, if that forbids it. */
    private Optional<String> obstacle(Move move) {
        Member shard = move.shard();
        if (!desk.roster.stageOf(shard).equals(OptionalInt.of(move.from()))) {
            return Optional.of("it does not serve stage " + move.from() + " any more");
        }
        if (!desk.promises.isReachable(shard)) {
            return Optional.of("it cannot be reached");
        }
        if (desk.departures.wantsToGo(shard)) {
            return Optional.of("it wants to go");
        }
        // As for who asks to leave: only who can be reached and was seen to hold the stage can go on with it. And who
        // waits to
        // be relieved is not relieved by somebody who moves on.
        long stay = desk.roster.stage(move.from()).stream()
                .filter(other -> !other.equals(shard))
                .filter(other -> desk.promises.isReachable(other) && desk.proven.contains(other))
                .filter(other -> !desk.departures.wantsToGo(other))
                .count();
        if (stay < minimumReplicas) {
            return Optional.of(
                    "stage " + move.from() + " would keep " + stay + " of at least " + minimumReplicas + " shards");
        }
        return gains(move)
                ? Optional.empty()
                : Optional.of("stage " + move.to() + " does without: it has what stage " + move.from() + " would keep");
    }

    /** What the giver keeps is more than the receiver has, as {@link Rebalancer} demands it. */
    private boolean gains(Move move) {
        double[] rates =
                StageRates.of(desk.plan.stages(), reportsBut(move.shard().peer()));
        return rates[move.from()] > rates[move.to()] * (1 + ROUNDING);
    }

    private void drop(Move move, String reason) {
        decided = decided.filter(pending -> !pending.move().equals(move));
        travellers.values().removeIf(traveller -> traveller.move().equals(move));
        desk.tell(new RunEvent.MoveDropped(move.shard(), move.from(), move.to(), reason));
    }

    private void expire() {
        travellers.replaceAll((peer, traveller) ->
                desk.members.isThere(peer) ? new Traveller(traveller.move(), traveller.rate(), desk.now) : traveller);
        for (Traveller traveller : List.copyOf(travellers.values())) {
            if (desk.now - traveller.seen() >= desk.plan.gatherWait().toNanos()) {
                drop(traveller.move(), "it has not come back within " + desk.plan.gatherWait());
            }
        }
    }

    // ---- who comes ----------------------------------------------------------------------------------------------

    /**
     * The stage of a joiner: where it was sent, if that is still right, else the one that needs it most. A stage that lacks
     * what every stage should have comes before a move.
     */
    int stageFor(Member member) {
        List<ShardReport> others = reportsBut(member.peer());
        Optional<Traveller> sent =
                Optional.ofNullable(travellers.get(member.peer())).filter(traveller -> isNext(member, traveller));
        if (sent.isPresent()) {
            Move move = sent.get().move();
            Optional<Integer> needier = needier(move.to(), others);
            if (needier.isEmpty() && gains(move)) {
                return move.to();
            }
            drop(
                    move,
                    needier.map(stage -> "stage " + stage + " has too few shards")
                            .orElse("stage " + move.to() + " has recovered"));
        }
        return JoinerPlacement.stage(
                desk.plan.stages(), minimumReplicas, member.peer().home(), others);
    }

    /** A stage with too few shards, if {@code target} has enough. */
    private Optional<Integer> needier(int target, List<ShardReport> reports) {
        long[] shards = new long[desk.plan.stages()];
        reports.forEach(report -> shards[report.stage()]++);
        for (int stage = 0; stage < shards.length; stage++) {
            if (shards[stage] < minimumReplicas && shards[target] >= minimumReplicas) {
                return Optional.of(stage);
            }
        }
        return Optional.empty();
    }

    /** Whether it is who comes back, and not who left. */
    private static boolean isNext(Member member, Traveller traveller) {
        return member.incarnation() > traveller.move().shard().incarnation();
    }

    /** A joiner is in the roster. */
    void arrived(Member member, int stage) {
        Traveller traveller = travellers.remove(member.peer());
        if (traveller != null && stage == traveller.move().to()) {
            desk.tell(new RunEvent.Moved(member, traveller.move().from(), stage, desk.version));
        }
    }

    /** The member is gone, or does not come in. */
    void gone(Member member, String reason) {
        loads.remove(member);
        List<Move> over = new ArrayList<>();
        decided.map(Decided::move).filter(move -> move.shard().equals(member)).ifPresent(over::add);
        Optional.ofNullable(travellers.get(member.peer()))
                .filter(traveller -> isNext(member, traveller))
                .map(Traveller::move)
                .ifPresent(over::add);
        over.forEach(move -> drop(move, reason));
    }

    /** Nobody needs to move any more: the run ends, or begins anew and everybody gets a stage. */
    void cancel() {
        decided = Optional.empty();
        travellers.clear();
    }
}
