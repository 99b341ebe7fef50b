package io.murmuration.cluster.planted;

import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Breaks a rule of the architecture, on purpose. */
public final class NamesNd4j {
    INDArray array;
    Pointer pointer;
}
