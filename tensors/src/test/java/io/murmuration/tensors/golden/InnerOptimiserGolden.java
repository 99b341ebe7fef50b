package io.murmuration.tensors.golden;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.optim.AdamW;
import io.murmuration.tensors.optim.InnerOptimiser;
import io.murmuration.tensors.optim.NAdam;
import io.murmuration.tensors.optim.Sgd;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Group {@code optim}, cases {@code adamw*}, {@code nadam*} and {@code sgd*}: {@code grad.P} and {@code param.P} have a
 * leading step axis, {@code VECTOR.stepN.P} is the optimiser's state after step N, {@code mu_product.stepN} NAdam's product of
 * momenta. All parameters lie in one vector; all of them decay.
 */
final class InnerOptimiserGolden implements GoldenCheck {

    private static final String INITIAL = "param_init.";
    private static final Pattern STATE = Pattern.compile("(\\w+)\\.step(\\d+)\\.(.+)");

    @Override
    public boolean supports(String group, JsonNode testCase) {
        String name = testCase.path("name").asText();
        return group.equals("optim") && Stream.of("adamw", "nadam", "sgd").anyMatch(name::startsWith);
    }

    @Override
    public void run(GoldenCase testCase) {
        Map<String, float[]> initial = new LinkedHashMap<>();
        testCase.tensors().stream()
                .filter(name -> name.startsWith(INITIAL))
                .forEach(name -> initial.put(name.substring(INITIAL.length()), testCase.floats(name)));
        JsonNode params = testCase.params();
        InnerOptimiser.Settings settings = settings(testCase.name(), params);
        try (Arena arena = Arena.ofConfined()) {
            Floats parameters = Floats.of(arena, concatenated(initial, 0, initial));
            Floats gradient = Floats.allocate(arena, parameters.length());
            InnerOptimiser optimiser = settings.over(arena, parameters.length());
            Map<String, float[]> gradients = new LinkedHashMap<>();
            initial.keySet().forEach(name -> gradients.put(name, testCase.floats("grad." + name)));
            Map<String, float[]> trace = new LinkedHashMap<>();
            gradients.forEach((name, all) -> trace.put(name, new float[all.length]));
            float[] rates = testCase.has("lr") ? testCase.floats("lr") : new float[0];
            int steps = testCase.shape("grad." + initial.keySet().iterator().next())[0];
            for (int step = 0; step < steps; step++) {
                gradient.copyFrom(concatenated(gradients, step, initial));
                double rate = rates.length > 0 ? rates[step] : params.path("lr").doubleValue();
                optimiser.step(parameters, gradient, 1, rate, step + 1);
                record(parameters, initial, step, trace);
                checkState(testCase, optimiser, initial, step + 1);
                checkProduct(testCase, optimiser, step + 1);
            }
            trace.forEach((name, values) -> testCase.assertClose("param." + name, values));
        }
    }

    private static InnerOptimiser.Settings settings(String name, JsonNode params) {
        double decay = params.path("weight_decay").doubleValue();
        if (name.startsWith("sgd")) {
            return new Sgd.Settings(
                    params.path("momentum").doubleValue(),
                    params.path("nesterov").booleanValue(),
                    decay);
        }
        double beta1 = params.path("betas").path(0).doubleValue();
        double beta2 = params.path("betas").path(1).doubleValue();
        double epsilon = params.path("eps").doubleValue();
        return name.startsWith("adamw")
                ? new AdamW.Settings(beta1, beta2, epsilon, decay)
                : new NAdam.Settings(
                        beta1,
                        beta2,
                        epsilon,
                        decay,
                        params.path("momentum_decay").doubleValue(),
                        params.path("decoupled_weight_decay").booleanValue());
    }

    /** Row {@code step} of every tensor, one after the other. */
    private static float[] concatenated(Map<String, float[]> tensors, int step, Map<String, float[]> lengths) {
        int total = lengths.values().stream().mapToInt(values -> values.length).sum();
        float[] vector = new float[total];
        int at = 0;
        for (Map.Entry<String, float[]> tensor : tensors.entrySet()) {
            int length = lengths.get(tensor.getKey()).length;
            System.arraycopy(tensor.getValue(), step * length, vector, at, length);
            at += length;
        }
        return vector;
    }

    private static void record(Floats parameters, Map<String, float[]> initial, int step, Map<String, float[]> trace) {
        float[] now = parameters.toArray();
        int at = 0;
        for (Map.Entry<String, float[]> tensor : initial.entrySet()) {
            int length = tensor.getValue().length;
            System.arraycopy(now, at, trace.get(tensor.getKey()), step * length, length);
            at += length;
        }
    }

    private static void checkState(
            GoldenCase testCase, InnerOptimiser optimiser, Map<String, float[]> initial, int step) {
        for (String name : testCase.expected()) {
            Matcher state = STATE.matcher(name);
            if (!state.matches() || Integer.parseInt(state.group(2)) != step) {
                continue;
            }
            long at = 0;
            for (Map.Entry<String, float[]> tensor : initial.entrySet()) {
                if (tensor.getKey().equals(state.group(3))) {
                    Floats vector = optimiser.state().get(state.group(1));
                    testCase.assertClose(
                            name, vector.slice(at, tensor.getValue().length).toArray());
                }
                at += tensor.getValue().length;
            }
        }
    }

    private static void checkProduct(GoldenCase testCase, InnerOptimiser optimiser, int step) {
        String name = "mu_product.step" + step;
        if (optimiser instanceof NAdam nadam && testCase.has(name)) {
            testCase.assertClose(name, (float) nadam.momentumProduct(step));
        }
    }
}
