package io.murmuration.faults.simulation.compute;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.protocol.Route;
import io.murmuration.faults.simulation.ComputeTap;
import io.murmuration.faults.simulation.EventLoop;
import io.murmuration.faults.simulation.NodeSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class SimulatedComputeTest {

    private static final Device DEVICE = new Device(1e9, 1e9, 1e9, 1e9, 1000);
    private static final Member A = Member.of("n:shard", 1_000_000);
    private static final Member B = Member.of("n:trainer", 1_000_000);

    private final EventLoop loop = new EventLoop();
    private final List<String> ended = new ArrayList<>();

    private SimulatedCompute compute(int cores, double speed, double slowdown) {
        return new SimulatedCompute(
                loop,
                new NodeSpec("n", "eu", List.of(Role.SHARD), speed, cores, Device.USUAL),
                1,
                Numbers.modelled(SymbolsTest.SETUP, 1),
                DEVICE,
                () -> slowdown,
                Disk.HEALTHY,
                ComputeTap.NONE);
    }

    /** Something that costs the overhead alone: 1000 ns at speed 1. */
    private void submit(SimulatedCompute compute, Member owner, String name) {
        compute.submit(owner, new Compute.Unpin(), outcome -> ended.add(loop.now() + " " + name));
    }

    private void runAll() {
        loop.run(1_000_000_000, () -> false);
    }

    @Test
    void oneCoreWorksOnOneTaskAtATimeInTheOrderInWhichTheOwnersWereReady() {
        SimulatedCompute compute = compute(1, 1, 1);
        submit(compute, A, "a1");
        submit(compute, A, "a2");
        submit(compute, B, "b1");
        runAll();
        assertThat(ended).containsExactly("1000 a1", "2000 b1", "3000 a2");
    }

    @Test
    void twoCoresWorkForTwoOwnersButNeverTwiceForOne() {
        SimulatedCompute compute = compute(2, 1, 1);
        submit(compute, A, "a1");
        submit(compute, A, "a2");
        submit(compute, B, "b1");
        runAll();
        assertThat(ended).containsExactly("1000 a1", "1000 b1", "2000 a2");
    }

    @Test
    void speedAndSlownessDivideAndMultiply() {
        SimulatedCompute compute = compute(1, 4, 2);
        submit(compute, A, "a1");
        runAll();
        assertThat(ended).containsExactly("500 a1");
    }

    @Test
    void whatWaitsForAReleasedOwnerIsNeverDone() {
        SimulatedCompute compute = compute(1, 1, 1);
        submit(compute, A, "a1");
        submit(compute, A, "a2");
        compute.release(A);
        submit(compute, B, "b1");
        runAll();
        assertThat(ended).containsExactly("1000 a1", "2000 b1");
    }

    @Test
    void aPassBackwardCostsFourPassesForwardBecauseOneIsComputedAgain() {
        TaskCosts costs = new TaskCosts(SymbolsTest.SETUP, new Device(1e6, 1e18, 1e18, 1e18, 0));
        MicrobatchId id = new MicrobatchId(Purpose.TRAIN, 0, 0);
        long forward = costs.nanos(new Compute.Forward(id, new byte[0], Payload.EMPTY), 0, 1);
        long backward = costs.nanos(new Compute.Backward(id, new byte[0], Payload.EMPTY, Payload.EMPTY, true), 0, 1);
        assertThat((double) backward / forward).isBetween(3.999, 4.001);
        // 2 operations per parameter and token and what attention adds, which is less than that.
        var model = SymbolsTest.SETUP.model();
        double products = 2.0
                * (SymbolsTest.SETUP.parameters().getFirst() - (long) model.vocabulary() * model.dim())
                * SymbolsTest.SETUP.tokens();
        assertThat(forward / 1e3).isBetween(products, 2 * products);
    }

    @Test
    void framesHaveTheSizeThatTheCodecsWouldGiveThem() {
        FrameSizes sizes = FrameSizes.modelled(SymbolsTest.SETUP);
        Route route = new Route("run", A, B);
        MicrobatchId id = new MicrobatchId(Purpose.TRAIN, 0, 0);
        long numbers = SymbolsTest.SETUP.boundary();
        Payload symbol = new Payload(new byte[13], numbers * Float.BYTES);
        long tokens = 2L * (SymbolsTest.SETUP.model().sequence() + 1);
        long first = sizes.bytes(new DataFrame.Forward(route, id, 0, 1, Optional.empty(), new byte[13], Payload.EMPTY));
        assertThat(first).isEqualTo(FrameSizes.HEADER_BYTES + tokens * bytesPerToken());
        long forward = sizes.bytes(new DataFrame.Forward(route, id, 1, 1, Optional.empty(), new byte[13], symbol));
        // int8: a byte a number, and a scale per block.
        assertThat(forward - first).isBetween(numbers, numbers + numbers / 8);
        assertThat(sizes.bytes(new DataFrame.StateChunk(route, 0, 1, 0, new Payload(new byte[64], 1 << 20))))
                .isEqualTo(FrameSizes.HEADER_BYTES + (1 << 20));
    }

    private static int bytesPerToken() {
        return SymbolsTest.SETUP.model().vocabulary() <= 256 ? 1 : 2;
    }
}
