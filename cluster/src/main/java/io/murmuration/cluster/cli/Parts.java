package io.murmuration.cluster.cli;

import io.murmuration.cluster.run.ComputeProbe;
import io.murmuration.cluster.run.TextModels;
import io.murmuration.cluster.run.TrainingRuns;

/** What the commands stand on: given at construction, so that a test can give scripted ones. */
public record Parts(TrainingRuns runs, TextModels models, ComputeProbe compute) {}
