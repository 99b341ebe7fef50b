package io.murmuration.tensors.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.tensors.codec.SubspaceBoundary;
import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Backends;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SubspaceCheckTest {

    private static final List<ModelSpec> MODELS = List.of(
            ModelSpec.NANO.withSubspace(1),
            ModelSpec.NANO.withSubspace(4),
            ModelSpec.TINY.withSubspace(16),
            ModelSpec.SMALL.withSubspace(24));

    @ParameterizedTest
    @ValueSource(strings = {"java", "nd4j"})
    void what_our_layers_add_arrives(String name) {
        Backend backend = Backends.byName(name);
        for (ModelSpec model : MODELS) {
            assertThat(SubspaceCheck.error(backend, model))
                    .as(model.toString())
                    .isLessThan(SubspaceBoundary.EXACT_WITHIN / 5);
        }
    }

    /** Gains that deviate by a tenth from 1 take about a tenth of what a branch adds out of the subspace. */
    @ParameterizedTest
    @ValueSource(strings = {"java", "nd4j"})
    void what_a_trained_gain_takes_out_of_the_subspace_is_seen(String name) {
        Backend backend = Backends.byName(name);
        for (ModelSpec model : MODELS) {
            assertThat(SubspaceCheck.error(backend, model.withBranchGain(true)))
                    .as(model.toString())
                    .isBetween(0.02, 0.2);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"java", "nd4j"})
    void nothing_is_outside_of_a_subspace_that_is_everything(String name) {
        ModelSpec whole = ModelSpec.NANO.withSubspace(ModelSpec.NANO.dim()).withBranchGain(true);
        assertThat(SubspaceCheck.error(Backends.byName(name), whole)).isLessThan(SubspaceBoundary.EXACT_WITHIN);
    }
}
