package io.murmuration.faults;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.ControlPlane;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.ShardMessage;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.cluster.run.LocalSwarm;
import io.murmuration.faults.injection.Isolation;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Kills shards and trainers at chosen moments, drawn from a seed: cuts them off, then stops them, no goodbye. Always
 * leaves one replica of every stage and one trainer.
 */
final class Nemesis {

    private static final Logger LOG = LoggerFactory.getLogger(Nemesis.class);

    /** When a peer may be killed. */
    enum Moment {
        FORWARD,
        LOSS,
        BACKWARD,
        AVERAGING,
        /** Every stage is prepared, the commit is on its way and does not arrive. */
        COMMIT,
        APPLY,
        TRAINER
    }

    private final Isolation isolation = new Isolation();
    private final SplittableRandom random;
    private final double probability;
    private final Set<Moment> moments;
    private final Map<Moment, Integer> kills = new TreeMap<>();
    private Roster roster = Roster.EMPTY;
    private LocalSwarm swarm;

    /**
     * @param probability of a kill at each opportunity
     * @param moments when to kill; none given: whenever
     */
    Nemesis(long seed, double probability, Moment... moments) {
        this.random = new SplittableRandom(seed);
        this.probability = probability;
        this.moments = moments.length == 0 ? EnumSet.allOf(Moment.class) : EnumSet.copyOf(List.of(moments));
    }

    /** How often it struck at each moment. */
    synchronized Map<Moment, Integer> kills() {
        return new TreeMap<>(kills);
    }

    synchronized void observe(LocalSwarm running, RunEvent event) {
        swarm = running;
        switch (event) {
            case RunEvent.Started(Roster opening, long version) -> roster = opening;
            case RunEvent.StepCommitted committed -> roster = committed.roster();
            default -> {}
        }
    }

    Ports haunted(Ports ports) {
        Ports cuttable = isolation.isolated(ports);
        return new Ports(
                new HauntedCompute(cuttable.compute()),
                cuttable.data(),
                new HauntedControl(cuttable.control()),
                cuttable.membership(),
                cuttable.ticker(),
                cuttable.seed());
    }

    private synchronized void opportunity(Moment moment, Member member) {
        if (swarm == null
                || !moments.contains(moment)
                || random.nextDouble() >= probability
                || isolation.isCut(member)) {
            return;
        }
        List<Member> peers = moment == Moment.TRAINER
                ? roster.trainers()
                : roster.stage(roster.stageOf(member).orElse(-1));
        boolean known = peers.contains(member);
        if (known && peers.stream().filter(peer -> !isolation.isCut(peer)).count() > 1) {
            LOG.info("killing {} at {}", member, moment);
            kills.merge(moment, 1, Integer::sum);
            isolation.cut(member);
            swarm.kill(member.peer());
        }
    }

    private final class HauntedCompute implements Compute {
        private final Compute compute;

        private HauntedCompute(Compute compute) {
            this.compute = compute;
        }

        @Override
        public <R> void submit(Member owner, Task<R> task, Consumer<Outcome<R>> done) {
            switch ((Task<?>) task) {
                case Draw(MicrobatchId id) when id.purpose() == Purpose.TRAIN -> opportunity(Moment.TRAINER, owner);
                case Forward forward when forward.id().purpose() == Purpose.TRAIN -> opportunity(Moment.FORWARD, owner);
                case Loss loss when loss.count() -> opportunity(Moment.LOSS, owner);
                case Backward backward -> opportunity(Moment.BACKWARD, owner);
                case Contribution contribution -> opportunity(Moment.AVERAGING, owner);
                case Reduce reduce -> opportunity(Moment.AVERAGING, owner);
                case Accept accept -> opportunity(Moment.AVERAGING, owner);
                case Seal seal -> opportunity(Moment.AVERAGING, owner);
                case Apply apply -> opportunity(Moment.APPLY, owner);
                default -> {}
            }
            compute.submit(owner, task, done);
        }

        @Override
        public void release(Member owner) {
            compute.release(owner);
        }
    }

    private final class HauntedControl implements ControlPlane {
        private final ControlPlane control;

        private HauntedControl(ControlPlane control) {
            this.control = control;
        }

        @Override
        public void attach(Member self, Consumer<Envelope> inbox) {
            control.attach(self, inbox);
        }

        @Override
        public void detach(Member self) {
            control.detach(self);
        }

        @Override
        public void send(Envelope envelope) {
            if (envelope.message() instanceof ShardMessage.Commit) {
                opportunity(Moment.COMMIT, envelope.to());
            }
            control.send(envelope);
        }
    }
}
