package io.murmuration.actors.run;

import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.Standing;
import io.murmuration.actors.protocol.TrainerMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** A trainer without tokens. */
final class ModelTrainer extends ModelPeer {

    private Optional<MemberMessage.OpenStep> open = Optional.empty();
    private Roster roster = Roster.EMPTY;
    private final SortedMap<Integer, Double> losses = new TreeMap<>();
    private final List<Integer> mine = new ArrayList<>();
    private final List<MemberMessage.ReplayOrder> replays = new ArrayList<>();
    private long closing;
    private boolean due;

    ModelTrainer(RunModel world, Member self) {
        super(world, self);
    }

    @Override
    Role role() {
        return Role.TRAINER;
    }

    @Override
    Standing standing() {
        return open.map(begin -> new Standing.OfTrainer(
                        Optional.of(new Standing.Open(begin.purpose(), begin.step(), begin.microbatches())),
                        begin.ranks(),
                        losses))
                .orElse(Standing.OfTrainer.FRESH);
    }

    @Override
    Epoch epoch(ControlMessage message) {
        return switch ((TrainerMessage) message) {
            case MemberMessage.OpenStep begin -> begin.roster().epoch();
            case MemberMessage.RosterChanged changed -> changed.roster().epoch();
            case MemberMessage.ReplayOrders orders -> orders.epoch();
            default -> throw new IllegalStateException("the coordinator sends no " + message);
        };
    }

    @Override
    void obey(ControlMessage message) {
        switch ((TrainerMessage) message) {
            case MemberMessage.OpenStep begin -> open(begin);
            case MemberMessage.RosterChanged changed -> {
                if (open.isPresent()) {
                    use(changed.roster());
                }
            }
            case MemberMessage.ReplayOrders orders -> {
                if (open.filter(step -> step.step() == orders.step() && step.purpose() == Purpose.TRAIN)
                                .isPresent()
                        && orders.closing() > closing) {
                    closing = orders.closing();
                    replays.clear();
                    replays.addAll(orders.orders());
                }
            }
            default -> throw new IllegalStateException("the coordinator sends no " + message);
        }
    }

    private void open(MemberMessage.OpenStep begin) {
        boolean known = open.filter(step -> step.step() == begin.step() && step.purpose() == begin.purpose())
                .isPresent();
        boolean late = open.filter(step -> begin.step() < step.step()
                        || (begin.step() == step.step()
                                && step.purpose() == Purpose.TRAIN
                                && begin.purpose() == Purpose.EVALUATE))
                .isPresent();
        if (late) {
            return;
        }
        if (!known) {
            open = Optional.of(begin);
            losses.clear();
            mine.clear();
            replays.clear();
            closing = 0;
        } else if (!open.orElseThrow().ranks().equals(begin.ranks())) {
            open = Optional.of(begin);
            roster = begin.roster();
            mine.removeIf(index -> !owner(begin, index).equals(self));
        }
        use(begin.roster());
    }

    private void use(Roster newRoster) {
        roster = newRoster;
        due = true;
        MemberMessage.OpenStep begin = open.orElseThrow();
        for (int index = 0; index < begin.microbatches(); index++) {
            if (owner(begin, index).equals(self) && !mine.contains(index)) {
                mine.add(index);
            }
        }
    }

    private Member owner(MemberMessage.OpenStep begin, int index) {
        List<Member> ranks = begin.ranks();
        for (int next = 0; next < ranks.size(); next++) {
            Member candidate = ranks.get((index + next) % ranks.size());
            if (roster.trainers().contains(candidate)) {
                return candidate;
            }
        }
        return roster.trainers().get(index % roster.trainers().size());
    }

    @Override
    boolean work() {
        if (!replays.isEmpty()) {
            ModelShard.replay(world, open.orElseThrow().step(), replays.removeFirst());
            return true;
        }
        Optional<Integer> next =
                mine.stream().filter(index -> !losses.containsKey(index)).findFirst();
        if (open.isPresent() && next.isPresent()) {
            return train(open.get(), next.get());
        }
        if (due && open.isPresent()) {
            due = false;
            MemberMessage.OpenStep step = open.get();
            tell(new CoordinatorMessage.TrainerFinished(seen(), step.purpose(), step.step(), losses));
            return true;
        }
        return false;
    }

    /** One microbatch through all stages; what stage 0 has already is not done again. */
    private boolean train(MemberMessage.OpenStep step, int index) {
        boolean done =
                world.shards(0).stream().anyMatch(shard -> shard.countsNormally(step.step()) && shard.has(index));
        if (step.purpose() == Purpose.TRAIN && !done) {
            List<List<ModelShard>> way = new ArrayList<>();
            for (int stage = 0; stage < world.plan.stages(); stage++) {
                List<ModelShard> able = world.shards(stage).stream()
                        .filter(shard -> shard.countsNormally(step.step()))
                        .toList();
                if (able.isEmpty()) {
                    return false;
                }
                way.add(able);
            }
            for (List<ModelShard> able : way) {
                able.get(world.random.nextInt(able.size())).count(index);
                if (world.random.nextDouble() < world.faults.doubleCounts()) {
                    able.get(world.random.nextInt(able.size())).count(index);
                }
            }
        }
        losses.put(index, 1.0 + index);
        return true;
    }

    @Override
    public String toString() {
        return self + " has " + losses.keySet() + " of " + mine + " in " + open.map(MemberMessage.OpenStep::step);
    }
}
