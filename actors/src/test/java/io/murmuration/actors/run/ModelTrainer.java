package io.murmuration.actors.run;

import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.MicrobatchId;
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

    /** A step that has begun. */
    private static final class Work {
        private final SortedMap<Integer, Double> losses = new TreeMap<>();
        private final List<Integer> mine = new ArrayList<>();
        private MemberMessage.OpenStep begin;
        private boolean due;

        private Work(MemberMessage.OpenStep begin) {
            this.begin = begin;
        }
    }

    private record Order(long step, MemberMessage.ReplayOrder replay) {}

    private final TreeMap<MicrobatchId, Work> open = new TreeMap<>();
    private Roster roster = Roster.EMPTY;
    private final List<Order> replays = new ArrayList<>();
    private long closing;
    private long version;

    ModelTrainer(RunModel world, Member self) {
        super(world, self);
    }

    @Override
    Role role() {
        return Role.TRAINER;
    }

    @Override
    Standing standing() {
        if (open.isEmpty()) {
            return Standing.OfTrainer.FRESH;
        }
        Work first = open.firstEntry().getValue();
        MemberMessage.OpenStep begin = first.begin;
        return new Standing.OfTrainer(
                Optional.of(new Standing.Open(begin.purpose(), begin.step(), begin.microbatches())),
                begin.ranks(),
                first.losses);
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
                use(changed.roster());
            }
            case MemberMessage.ReplayOrders orders -> {
                if (open.containsKey(key(Purpose.TRAIN, orders.step())) && orders.closing() > closing) {
                    closing = orders.closing();
                    replays.clear();
                    orders.orders().forEach(order -> replays.add(new Order(orders.step(), order)));
                }
            }
            default -> throw new IllegalStateException("the coordinator sends no " + message);
        }
    }

    private static MicrobatchId key(Purpose purpose, long step) {
        return new MicrobatchId(purpose, step, 0);
    }

    private void open(MemberMessage.OpenStep begin) {
        MicrobatchId key = key(begin.purpose(), begin.step());
        boolean trained = begin.purpose() == Purpose.EVALUATE
                && !open.isEmpty()
                && open.lastKey().compareTo(key(Purpose.TRAIN, begin.step())) >= 0;
        if (trained || begin.step() < version) {
            return;
        }
        version = Math.max(version, begin.version());
        open.headMap(key(begin.purpose() == Purpose.EVALUATE ? Purpose.EVALUATE : Purpose.TRAIN, version))
                .clear();
        replays.removeIf(order -> order.step() < version);
        Work work = open.computeIfAbsent(key, absent -> new Work(begin));
        if (!work.begin.ranks().equals(begin.ranks())) {
            work.begin = begin;
            roster = begin.roster();
            work.mine.removeIf(index -> !owner(begin, index).equals(self));
        }
        use(begin.roster());
        work.due = true;
    }

    private void use(Roster newRoster) {
        boolean news = !roster.epoch().equals(newRoster.epoch());
        roster = newRoster;
        for (Work work : open.values()) {
            work.due |= news;
            for (int index = 0; index < work.begin.microbatches(); index++) {
                if (owner(work.begin, index).equals(self) && !work.mine.contains(index)) {
                    work.mine.add(index);
                }
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
            Order order = replays.removeFirst();
            ModelShard.replay(world, order.step(), order.replay());
            return true;
        }
        for (Work work : open.values()) {
            Optional<Integer> next = work.mine.stream()
                    .filter(index -> !work.losses.containsKey(index))
                    .findFirst();
            if (next.isPresent() && train(work, next.get())) {
                return true;
            }
            if (next.isEmpty() && work.due) {
                work.due = false;
                MemberMessage.OpenStep step = work.begin;
                tell(new CoordinatorMessage.TrainerFinished(seen(), step.purpose(), step.step(), work.losses));
                return true;
            }
        }
        return false;
    }

    /** One microbatch through all stages; what stage 0 has already is not done again. */
    private boolean train(Work work, int index) {
        MemberMessage.OpenStep step = work.begin;
        boolean done = world.shards(0).stream()
                .anyMatch(shard -> shard.countsNormally(step.step()) && shard.has(step.step(), index));
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
                able.get(world.random.nextInt(able.size())).count(step.step(), index);
                if (world.random.nextDouble() < world.faults.doubleCounts()) {
                    able.get(world.random.nextInt(able.size())).count(step.step(), index);
                }
            }
        }
        work.losses.put(index, 1.0 + index);
        return true;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(self.toString());
        open.forEach((step, work) -> text.append(" has ")
                .append(work.losses.keySet())
                .append(" of ")
                .append(work.mine)
                .append(" in ")
                .append(step));
        return text.toString();
    }
}
