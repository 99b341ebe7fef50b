package io.murmuration.faults.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.ControlPlane;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Standing;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.faults.TamperedCompute;
import io.murmuration.faults.check.Bounded;
import io.murmuration.faults.check.Check;
import io.murmuration.faults.check.ExactlyOnce;
import io.murmuration.faults.check.NothingLost;
import io.murmuration.faults.check.Progress;
import io.murmuration.faults.check.ReplicaDigests;
import io.murmuration.faults.check.RosterMonotone;
import io.murmuration.faults.scenario.file.ScenarioReader;
import io.murmuration.faults.simulation.NodeSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bugs are planted in whole simulated runs; the checks that are there for them, and only these, find them. */
class PlantedBugsTest {

    private static final String SCENARIO = """
            scenario {
              name = planted
              steps = 12
              compute = cost
              run { model.preset = nano, swarm.stages = 2, batch { sequences = 4, microbatch = 1 } }
              nodes = [
                { name = hub, count = 1, region = eu, roles = [coordinator, trainer], flops = 100MFLOPS }
                { name = eu, count = 6, roles = [shard], flops = 100MFLOPS MEMORY }
              ]
              links { default { latency = 1ms } }
              events = [ { step = 4, do = kill, target = eu-6 } ]
              heal = before-end
            }
            """;

    @TempDir
    private Path folder;

    private Outcome run(String text, Wiring wiring) throws IOException {
        Path file = Files.writeString(folder.resolve("planted.conf"), text);
        return OneRun.of(
                new ScenarioReader(Optional.empty()).read(file), folder.resolve("disks"), 1, List.of(), wiring);
    }

    private Outcome run(Wiring wiring) throws IOException {
        return run(SCENARIO.replace(" MEMORY", ""), wiring);
    }

    private static void assertFound(Outcome outcome, Class<? extends Check> by, String counterexample) {
        for (Check check : outcome.checks()) {
            if (by.isInstance(check)) {
                assertThat(check.violations()).isNotEmpty();
                assertThat(check.violations().getFirst().counterexample()).contains(counterexample);
            } else {
                assertThat(check.violations()).as(check.name()).isEmpty();
            }
        }
    }

    @Test
    void without_a_bug_nothing_is_found() throws IOException {
        Outcome outcome = run(Wiring.STRAIGHT);
        assertThat(outcome.checks()).hasSize(7).allSatisfy(check -> assertThat(check.violations())
                .isEmpty());
        assertThat(outcome.measurements().steps()).hasSize(12);
    }

    // ---- counting -----------------------------------------------------------------------------------------------

    private Outcome counting(boolean twice) throws IOException {
        return run(tampered((member, task) -> {
            if (task instanceof Compute.Backward backward
                    && backward.count()
                    && backward.id().step() == 2
                    && backward.id().index() == 1) {
                return Optional.of(
                        twice
                                ? new TamperedCompute.Before(task)
                                : new TamperedCompute.Instead(new Compute.Backward(
                                        backward.id(),
                                        backward.tokens(),
                                        backward.input(),
                                        backward.gradient(),
                                        false)));
            }
            return Optional.empty();
        }));
    }

    private static Wiring tampered(
            java.util.function.BiFunction<Member, Compute.Task<?>, Optional<TamperedCompute.Tampering>> tamper) {
        return new Wiring() {
            @Override
            public Ports ports(NodeSpec node, Ports ports, LongSupplier time) {
                return TamperedCompute.tampered(ports, tamper);
            }
        };
    }

    @Test
    void a_shard_that_counts_a_microbatch_twice_is_found() throws IOException {
        assertFound(counting(true), ExactlyOnce.class, "microbatch 1 is counted 2 times");
    }

    @Test
    void a_shard_that_only_says_that_it_counted_is_found() throws IOException {
        assertFound(counting(false), ExactlyOnce.class, "microbatch 1 is counted 0 times");
    }

    // ---- replicas -----------------------------------------------------------------------------------------------

    /** Applies something else than its peers and says what they say. */
    private static final class Liar implements Wiring {
        private static final long STEP = 3;

        private final Map<Member, Integer> stages = new TreeMap<>();
        private final Map<Integer, String> honest = new TreeMap<>();
        private Runnable lie = () -> {};

        @Override
        public Ports ports(NodeSpec node, Ports ports, LongSupplier time) {
            Compute lying = new Compute() {
                @Override
                public <R> void submit(Member owner, Task<R> task, Consumer<Outcome<R>> done) {
                    if (task instanceof Open open) {
                        stages.put(owner, open.stage());
                    }
                    if (task instanceof Apply apply && apply.step() == STEP) {
                        apply(ports.compute(), owner, apply, texts(done));
                    } else {
                        ports.compute().submit(owner, task, done);
                    }
                }

                @Override
                public void release(Member owner) {
                    ports.compute().release(owner);
                }
            };
            return new Ports(lying, ports.data(), ports.control(), ports.membership(), ports.ticker(), ports.seed());
        }

        /** The cast is safe: the result of Apply is a text. */
        @SuppressWarnings("unchecked")
        private static <R> Consumer<Compute.Outcome<String>> texts(Consumer<Compute.Outcome<R>> done) {
            return (Consumer<Compute.Outcome<String>>) (Consumer<?>) done;
        }

        private void apply(Compute compute, Member owner, Compute.Apply apply, Consumer<Compute.Outcome<String>> done) {
            int stage = stages.get(owner);
            if (owner.peer().name().equals("eu-1:shard")) {
                compute.submit(owner, new Compute.Apply(STEP, 2 * apply.gradientNorm()), wrong -> {
                    lie = () -> {
                        if (honest.containsKey(stage)) {
                            done.accept(new Compute.Completed<>(honest.get(stage)));
                            lie = () -> {};
                        }
                    };
                    lie.run();
                });
            } else {
                compute.submit(owner, apply, outcome -> {
                    if (outcome instanceof Compute.Completed<String>(String digest)) {
                        honest.put(stage, digest);
                    }
                    done.accept(outcome);
                    lie.run();
                });
            }
        }
    }

    @Test
    void a_replica_that_differs_and_says_what_the_majority_says_is_found() throws IOException {
        assertFound(run(new Liar()), ReplicaDigests.class, "step 4 begins");
    }

    // ---- rosters ------------------------------------------------------------------------------------------------

    private static Ports withControl(Ports ports, Consumer<Envelope> send) {
        ControlPlane control = new ControlPlane() {
            @Override
            public void attach(Member self, Consumer<Envelope> inbox) {
                ports.control().attach(self, inbox);
            }

            @Override
            public void detach(Member self) {
                ports.control().detach(self);
            }

            @Override
            public void send(Envelope envelope) {
                send.accept(envelope);
            }
        };
        return new Ports(ports.compute(), ports.data(), control, ports.membership(), ports.ticker(), ports.seed());
    }

    @Test
    void a_coordinator_that_publishes_an_old_roster_is_found() throws IOException {
        List<Envelope> old = new ArrayList<>();
        assertFound(
                run(new Wiring() {
                    @Override
                    public Ports ports(NodeSpec node, Ports ports, LongSupplier time) {
                        return withControl(ports, envelope -> {
                            ports.control().send(envelope);
                            if (envelope.message() instanceof MemberMessage.OpenStep open) {
                                if (open.step() == 1) {
                                    old.add(envelope);
                                } else if (open.step() == 8 && !old.isEmpty()) {
                                    ports.control().send(old.removeFirst());
                                }
                            }
                        });
                    }
                }),
                RosterMonotone.class,
                "publishes epoch 1.2 after 1.");
    }

    // ---- what was committed -------------------------------------------------------------------------------------

    @Test
    void a_step_that_is_taken_back_without_a_word_is_found() throws IOException {
        assertFound(
                run(new Wiring() {
                    @Override
                    public Optional<RunEvent> told(RunEvent event) {
                        return Optional.of(
                                event instanceof RunEvent.StepCommitted done && done.step() == 6
                                        ? new RunEvent.StepCommitted(
                                                4,
                                                done.loss(),
                                                done.gradientNorm(),
                                                done.counted(),
                                                done.replayed(),
                                                done.liveShards(),
                                                done.roster())
                                        : event);
                    }
                }),
                NothingLost.class,
                "committed step 4 though version 6 is in place");
    }

    /** What shards of stage 1 promise reaches coordinators as if they were a step behind. */
    private static final class Belittling implements Wiring {
        @Override
        public Ports ports(NodeSpec node, Ports ports, LongSupplier time) {
            ControlPlane control = new ControlPlane() {
                @Override
                public void attach(Member self, Consumer<Envelope> inbox) {
                    ports.control().attach(self, envelope -> inbox.accept(belittled(envelope)));
                }

                @Override
                public void detach(Member self) {
                    ports.control().detach(self);
                }

                @Override
                public void send(Envelope envelope) {
                    ports.control().send(envelope);
                }
            };
            return new Ports(ports.compute(), ports.data(), control, ports.membership(), ports.ticker(), ports.seed());
        }

        private static Envelope belittled(Envelope envelope) {
            return envelope.message() instanceof CoordinatorMessage.Promised(Epoch epoch, Standing.OfShard shard)
                            && shard.stage() == 1
                    ? new Envelope(
                            envelope.from(),
                            envelope.to(),
                            new CoordinatorMessage.Promised(
                                    epoch,
                                    new Standing.OfShard(
                                            shard.history(),
                                            shard.stage(),
                                            shard.version() - 1,
                                            shard.digest(),
                                            Optional.empty(),
                                            false,
                                            Optional.empty(),
                                            shard.committed())))
                    : envelope;
        }
    }

    @Test
    void a_coordinator_that_goes_back_though_every_stage_is_there_is_found() throws IOException {
        String leaderDies = SCENARIO.replace(" MEMORY", "")
                .replace("count = 1, region = eu, roles = [coordinator", "count = 3, region = eu, roles = [coordinator")
                .replace("do = kill, target = eu-6", "do = kill, target = coordinator-leader");
        assertFound(run(leaderDies, new Belittling()), NothingLost.class, "went back to version 0 (stage 1");
        assertThat(run(leaderDies, Wiring.STRAIGHT).checks())
                .allSatisfy(check -> assertThat(check.violations()).isEmpty());
    }

    // ---- progress -----------------------------------------------------------------------------------------------

    /** Once step 10 is open, nothing arrives any more. */
    private static final class Swallowing implements Wiring {
        private boolean swallows;

        @Override
        public Ports ports(NodeSpec node, Ports ports, LongSupplier time) {
            Ports deaf = withControl(ports, envelope -> {
                swallows |= envelope.message() instanceof MemberMessage.OpenStep open && open.step() == 10;
                if (!swallows) {
                    ports.control().send(envelope);
                }
            });
            DataPlane data = new DataPlane() {
                @Override
                public void attach(Member self, Consumer<Delivery> inbox) {
                    ports.data().attach(self, inbox);
                }

                @Override
                public void detach(Member self) {
                    ports.data().detach(self);
                }

                @Override
                public void offer(DataFrame frame, Consumer<DataPlane.Outcome> done) {
                    if (!swallows) {
                        ports.data().offer(frame, done);
                    }
                }
            };
            return new Ports(deaf.compute(), data, deaf.control(), deaf.membership(), deaf.ticker(), deaf.seed());
        }
    }

    @Test
    void a_network_that_swallows_everything_after_healing_is_found() throws IOException {
        assertFound(run(new Swallowing()), Progress.class, "with nothing wrong in the world");
    }

    // ---- bounds -------------------------------------------------------------------------------------------------

    @Test
    void a_node_that_takes_more_memory_than_it_has_is_found() throws IOException {
        assertFound(
                run(SCENARIO.replace("MEMORY", ", memory = 64 KiB"), Wiring.STRAIGHT),
                Bounded.class,
                "bytes of tensors at eu-1: ");
    }
}
