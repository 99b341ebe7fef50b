package io.murmuration.tensors.golden;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import io.murmuration.tensors.optim.AdamW;
import io.murmuration.tensors.optim.DiLoCo;
import io.murmuration.tensors.optim.InnerOptimiser;
import io.murmuration.tensors.optim.Sgd;
import io.murmuration.tensors.reduce.WeightedMean;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/**
 * Group {@code optim}, cases {@code diloco*}: rounds of inner AdamW steps on given gradients and one outer step. Every
 * round starts from what this code computed, not from the reference.
 */
final class DiLoCoGolden implements GoldenCheck {

    @Override
    public boolean supports(String group, JsonNode testCase) {
        return group.equals("optim") && testCase.path("name").asText().startsWith("diloco");
    }

    /** AdamW as a case's {@code params.inner} has it. */
    static AdamW.Settings inner(JsonNode params) {
        JsonNode inner = params.path("inner");
        return new AdamW.Settings(
                inner.path("betas").path(0).doubleValue(),
                inner.path("betas").path(1).doubleValue(),
                inner.path("eps").doubleValue(),
                inner.path("weight_decay").doubleValue());
    }

    /** H and the outer step as a case's {@code params} have them. */
    static DiLoCo.Settings outer(JsonNode params) {
        return new DiLoCo.Settings(
                params.path("H").intValue(),
                params.path("outer_lr").doubleValue(),
                params.path("outer_momentum").doubleValue());
    }

    @Override
    public void run(GoldenCase testCase) {
        JsonNode params = testCase.params();
        int workers = params.path("workers").intValue();
        int rounds = params.path("rounds").intValue();
        int steps = params.path("H").intValue();
        double rate = params.path("inner").path("lr").doubleValue();
        double[] weights = new double[workers];
        for (int i = 0; i < workers; i++) {
            weights[i] = params.path("worker_weights").path(i).asDouble(1);
        }
        Tensors tensors = new Tensors(testCase, "param_init");
        float[][] gradients = tensors.rows("grad");
        float[][] locals = new float[rounds * workers][];
        float[][] deltas = new float[rounds][];
        float[][] globals = new float[rounds][];
        float[][] momenta = new float[rounds][];
        try (Arena arena = Arena.ofConfined()) {
            Floats start = Floats.of(arena, tensors.rows("param_init")[0]);
            DiLoCo outer = new DiLoCo(arena, start, outer(params));
            List<Floats> replicas = new ArrayList<>();
            List<InnerOptimiser> inners = new ArrayList<>();
            for (int i = 0; i < workers; i++) {
                replicas.add(Floats.of(arena, start.toArray()));
                inners.add(inner(params).over(arena, start.length()));
            }
            Floats delta = Floats.allocate(arena, start.length());
            for (int round = 0; round < rounds; round++) {
                List<Floats> each = new ArrayList<>();
                for (int i = 0; i < workers; i++) {
                    for (int step = 0; step < steps; step++) {
                        Floats gradient = Floats.of(arena, gradients[(round * workers + i) * steps + step]);
                        inners.get(i).step(replicas.get(i), gradient, 1, rate, (long) round * steps + step + 1);
                    }
                    locals[round * workers + i] = replicas.get(i).toArray();
                    Floats own = Floats.allocate(arena, start.length());
                    outer.pseudoGradient(replicas.get(i), own);
                    each.add(own);
                }
                WeightedMean.of(each, weights, delta, Workers.SERIAL);
                outer.outerStep(delta);
                replicas.forEach(outer::restart);
                deltas[round] = delta.toArray();
                globals[round] = outer.parameters().toArray();
                momenta[round] = outer.state().get(Sgd.MOMENTUM_BUFFER).toArray();
            }
        }
        tensors.assertClose("local", locals);
        tensors.assertClose("delta", deltas);
        tensors.assertClose("global", globals);
        tensors.assertClose("momentum", momenta);
    }
}
