package io.murmuration.tensors.optim;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Streaming DiLoCo (Douillard et al., arXiv 2501.18512): fragments of the parameters are synchronised one after the other, so
 * that the peak of traffic is that of one fragment, and training goes on while a fragment travels. Inner steps t count from
 * 1; with P fragments, period H, delay tau and mix alpha:
 *
 * <pre>
 * apply steps of fragment p:  t mod H == floor((p + 1) H / P) mod H, once t - tau is at least 1
 * send steps:                 tau earlier
 * send, after inner step t:   Delta_i = theta_p - theta_i,p(t)
 * apply, tau steps later:     outer step of DiLoCo on theta_p with the mean of the Delta_i
 *                             theta_i,p := alpha theta_i,p(t + tau) + (1 - alpha) theta_p
 * </pre>
 *
 * The merged value is not written back to theta_p, and each fragment has its own momentum. At a step with both, sends come
 * first. The 4-bit payload is a codec's affair. One thread at a time.
 */
public final class StreamingDiLoCo {

    /**
     * @param delay tau, inner steps from sending to applying, 0 to below the inner steps of a period
     * @param mix alpha, share of the local value that stays, 0 to 1
     * @param outer the period H and the outer optimiser of every fragment
     */
    public record Settings(int delay, double mix, DiLoCo.Settings outer) {
        public Settings {
            if (delay < 0 || delay >= outer.innerSteps()) {
                throw new IllegalArgumentException("the delay must be 0 to below the period of " + outer.innerSteps()
                        + " inner steps, was " + delay);
            }
            if (!(mix >= 0 && mix <= 1)) {
                throw new IllegalArgumentException("mix must be 0 to 1, was " + mix);
            }
        }
    }

    private final Settings settings;
    private final List<Fragment> fragments;
    private final List<DiLoCo> outers = new ArrayList<>();
    private final Floats scratch;

    /**
     * @param start the parameters that all replicas start from; copied
     * @param fragments 1 to H of them
     */
    public StreamingDiLoCo(Arena arena, Floats start, List<Fragment> fragments, Settings settings) {
        if (fragments.isEmpty() || fragments.size() > settings.outer.innerSteps()) {
            throw new IllegalArgumentException("expected 1 to " + settings.outer.innerSteps()
                    + " fragments, one per inner step of a period at most, got " + fragments.size());
        }
        this.settings = settings;
        this.fragments = List.copyOf(fragments);
        long longest = fragments.stream().mapToLong(Fragment::length).max().orElseThrow();
        this.scratch = Floats.allocate(arena, longest);
        for (Fragment fragment : fragments) {
            Floats part = scratch.slice(0, fragment.length());
            fragment.gather(start, part);
            outers.add(new DiLoCo(arena, part, settings.outer));
        }
    }

    /** Fragments to send after this inner step, ascending. */
    public List<Integer> sends(long innerStep) {
        return innerStep < 1 ? List.of() : due(innerStep + settings.delay);
    }

    /** Fragments to apply after this inner step, ascending. */
    public List<Integer> applies(long innerStep) {
        return innerStep - settings.delay < 1 ? List.of() : due(innerStep);
    }

    private List<Integer> due(long applyStep) {
        int period = settings.outer.innerSteps();
        return IntStream.range(0, fragments.size())
                .filter(p -> applyStep % period == (p + 1L) * period / fragments.size() % period)
                .boxed()
                .toList();
    }

    /** Numbers in a fragment. */
    public long length(int fragment) {
        return fragments.get(fragment).length();
    }

    /** {@code delta := theta_p - local_p}. */
    public void pseudoGradient(int fragment, Floats local, Floats delta) {
        fragments.get(fragment).gather(local, delta);
        outers.get(fragment).pseudoGradient(delta, delta);
    }

    /** Moves theta_p by the mean of the pseudo-gradients and merges it into the local parameters. */
    public void apply(int fragment, Floats meanDelta, Floats local) {
        DiLoCo outer = outers.get(fragment);
        outer.outerStep(meanDelta);
        Floats merged = scratch.slice(0, length(fragment));
        fragments.get(fragment).gather(local, merged);
        float stays = (float) settings.mix;
        float comes = (float) (1 - settings.mix);
        Chunkwise.run(
                1,
                (chunks, count) -> {
                    float[] own = chunks[0];
                    float[] agreed = chunks[1];
                    for (int i = 0; i < count; i++) {
                        own[i] = stays * own[i] + comes * agreed[i];
                    }
                },
                merged,
                outer.parameters());
        fragments.get(fragment).scatter(merged, local);
    }

    /** theta_p, live. */
    public Floats parameters(int fragment) {
        return outers.get(fragment).parameters();
    }

    /** The live vectors by name, {@code fragment0.outer_parameters} and so on, in the order of a checkpoint. */
    public Map<String, Floats> state() {
        Map<String, Floats> state = new LinkedHashMap<>();
        for (int p = 0; p < outers.size(); p++) {
            String prefix = "fragment" + p + ".";
            outers.get(p).state().forEach((name, vector) -> state.put(prefix + name, vector));
        }
        return Collections.unmodifiableMap(state);
    }
}
