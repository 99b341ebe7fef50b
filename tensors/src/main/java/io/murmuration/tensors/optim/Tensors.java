package io.murmuration.tensors.optim;

import io.murmuration.tensors.codec.Codec;
import io.murmuration.tensors.codec.EncodedParts;
import io.murmuration.tensors.model.ParameterLayout;
import java.util.List;
import java.util.function.Function;

/**
 * The tensors that a parameter vector consists of, as the optimisers see it that treat each tensor by its shape.
 *
 * @param all in the order of the vector
 */
public record Tensors(List<Tensor> all) {

    /**
     * @param name for messages
     * @param shape row-major
     * @param decays whether weight decay applies
     */
    public record Tensor(String name, List<Integer> shape, boolean decays) {
        public Tensor {
            shape = List.copyOf(shape);
        }

        long length() {
            return shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
        }
    }

    public Tensors {
        all = List.copyOf(all);
    }

    /** Those of a stage: matrices decay, gains do not. */
    public static Tensors of(ParameterLayout layout) {
        return new Tensors(layout.parameters().stream()
                .map(parameter -> new Tensor(parameter.name(), parameter.shape(), parameter.decays()))
                .toList());
    }

    long length() {
        return all.stream().mapToLong(Tensor::length).sum();
    }

    EncodedParts encodedBy(Function<List<Integer>, Codec> codec) {
        return new EncodedParts(all.stream()
                .map(tensor -> new EncodedParts.Part(tensor.name, tensor.shape, codec.apply(tensor.shape)))
                .toList());
    }
}
