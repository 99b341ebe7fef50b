package io.murmuration.tensors.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.tensors.optim.Schedule;

/** Group {@code optim}, cases {@code sched_*}: the learning rate of step 0, 1, ... in fp32 and in fp64. */
final class ScheduleGolden implements GoldenCheck {

    /** The tables were made with another cosine; a few units in the last place of fp64. */
    private static final double RELATIVE = 1e-14;

    @Override
    public boolean supports(String group, JsonNode testCase) {
        return group.equals("optim") && testCase.path("name").asText().startsWith("sched");
    }

    @Override
    public void run(GoldenCase testCase) {
        Schedule schedule = schedule(testCase.name(), testCase.params());
        JsonNode exact = testCase.json().path("lr_f64");
        float[] rates = new float[testCase.floats("lr").length];
        assertThat(exact).as("lr_f64").hasSize(rates.length);
        for (int step = 0; step < rates.length; step++) {
            double rate = schedule.learningRate(step);
            double want = exact.path(step).doubleValue();
            assertThat(rate).as("step %d", step).isCloseTo(want, within(RELATIVE * Math.abs(want) + 1e-19));
            rates[step] = (float) rate;
        }
        testCase.assertClose("lr", rates);
    }

    private static Schedule schedule(String name, JsonNode p) {
        Schedule.Warmup warmup = new Schedule.Warmup(
                p.path("base").doubleValue(),
                p.path("warm").longValue(),
                p.path("init").doubleValue());
        if (name.contains("constant")) {
            return new Schedule.Constant(warmup);
        }
        if (name.contains("linear")) {
            return new Schedule.Linear(
                    warmup, p.path("total").longValue(), p.path("final").doubleValue());
        }
        if (name.contains("cosine")) {
            return new Schedule.Cosine(
                    warmup, p.path("total").longValue(), p.path("final").doubleValue());
        }
        if (name.contains("wsd")) {
            return new Schedule.WarmupStableDecay(
                    warmup,
                    p.path("stable").longValue(),
                    p.path("cosd").longValue(),
                    p.path("cosfinal").doubleValue(),
                    p.path("lind").longValue(),
                    p.path("linfinal").doubleValue());
        }
        throw new AssertionError("no schedule is called " + name);
    }
}
