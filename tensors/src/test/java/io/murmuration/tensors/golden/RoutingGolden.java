package io.murmuration.tensors.golden;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import io.murmuration.tensors.reduce.LenientAverage;
import io.murmuration.tensors.reduce.LenientAverage.Contribution;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiPredicate;

/** Group {@code routing}, cases {@code averaging*}: peers average part by part, with a silent sender and a lost owner. */
final class RoutingGolden implements GoldenCheck {

    @Override
    public boolean supports(String group, JsonNode testCase) {
        return group.equals("routing") && testCase.path("name").asText().startsWith("averaging");
    }

    /** The peers of a case, and what they hold. */
    private record Swarm(double[] weights, long[] parts, List<float[]> vectors) {

        /**
         * What every peer holds afterwards, one after the other.
         *
         * @param heard whether the owner (first) hears the sender (second)
         * @param lost an owner that never replies, or -1
         */
        float[] average(BiPredicate<Integer, Integer> heard, int lost) {
            int length = vectors.getFirst().length;
            long[] offsets = LenientAverage.offsets(parts);
            try (Arena arena = Arena.ofConfined()) {
                List<Floats> local = new ArrayList<>();
                vectors.forEach(vector -> local.add(Floats.of(arena, vector)));
                for (int owner = 0; owner < parts.length; owner++) {
                    SortedMap<Integer, Contribution> contributions = new TreeMap<>();
                    for (int peer = 0; peer < weights.length; peer++) {
                        if (heard.test(owner, peer)) {
                            Floats sent = local.get(peer).slice(offsets[owner], parts[owner]);
                            contributions.put(peer, new Contribution(weights[peer], Floats.of(arena, sent.toArray())));
                        }
                    }
                    if (owner != lost) {
                        reduce(arena, contributions, local, offsets[owner], parts[owner]);
                    }
                }
                float[] result = new float[local.size() * length];
                for (int peer = 0; peer < local.size(); peer++) {
                    System.arraycopy(local.get(peer).toArray(), 0, result, peer * length, length);
                }
                return result;
            }
        }

        private static void reduce(
                Arena arena, SortedMap<Integer, Contribution> contributions, List<Floats> local, long at, long size) {
            Floats average = Floats.allocate(arena, size);
            Floats reply = Floats.allocate(arena, size);
            LenientAverage.reduce(contributions, average, Workers.SERIAL);
            contributions.forEach((peer, contribution) -> {
                LenientAverage.reply(average, contribution.numbers(), reply);
                LenientAverage.apply(reply, local.get(peer).slice(at, size));
            });
        }

        /** What the peer holds that was heard by all. */
        float[] of(int peer, float[] results) {
            int length = vectors.getFirst().length;
            return Arrays.copyOfRange(results, peer * length, (peer + 1) * length);
        }
    }

    @Override
    public void run(GoldenCase testCase) {
        JsonNode params = testCase.params();
        int silent = params.path("silent_sender").intValue();
        int deaf = params.path("silent_to_owner").intValue();
        int peers = params.path("peers").intValue();
        double[] weights = new double[peers];
        long[] parts = new long[params.path("parts").size()];
        for (int i = 0; i < peers; i++) {
            weights[i] = params.path("weights").path(i).doubleValue();
        }
        for (int i = 0; i < parts.length; i++) {
            parts[i] = params.path("parts").path(i).longValue();
        }
        float[] all = testCase.floats("vectors");
        int length = all.length / peers;
        List<float[]> vectors = new ArrayList<>();
        for (int i = 0; i < peers; i++) {
            vectors.add(Arrays.copyOfRange(all, i * length, (i + 1) * length));
        }
        Swarm swarm = new Swarm(weights, parts, vectors);
        int other = silent == 0 ? 1 : 0;
        testCase.assertClose("mean", swarm.of(other, swarm.average((owner, peer) -> true, -1)));
        testCase.assertClose(
                "mean_silent_sender",
                swarm.of(other, swarm.average((owner, peer) -> !(owner == deaf && peer == silent), -1)));
        testCase.assertClose(
                "result_lost_owner",
                swarm.average((owner, peer) -> true, params.path("lost_owner").intValue()));
    }
}
