package io.murmuration.cluster.node;

import io.murmuration.cluster.config.RunSettings;
import io.murmuration.tensors.data.Batches;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * What tells one run from another: a digest over every setting in which its nodes have to agree, and over the text as far as
 * the first step reads it. What a node may decide for itself (folders, threads, waits) is not in it.
 */
final class RunFingerprint {

    /** 64 bits tell runs apart by accident; nobody is kept out by it on purpose, certificates do that. */
    private static final int BYTES = 8;

    private RunFingerprint() {}

    static String of(RunSettings run, Batches batches) {
        RunSettings.Limits limits = run.limits();
        List<Object> agreed = List.of(
                run.name(),
                run.seed(),
                run.steps(),
                run.model(),
                run.importFrom().isPresent(),
                run.data().tokeniser().name(),
                run.batch(),
                run.swarm(),
                run.wire().activations().name(),
                run.wire().averaging().name(),
                run.optimiser(),
                run.validation(),
                run.checkpoint().every(),
                // How vectors are cut and what may be sent unasked: sender and receiver count alike.
                limits.creditsPerUpstream(),
                limits.averagingPartBytes(),
                batches.trainWindows(),
                batches.validationWindows());
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            agreed.forEach(value -> {
                byte[] text = value.toString().getBytes(StandardCharsets.UTF_8);
                digest.update(
                        ByteBuffer.allocate(Integer.BYTES).putInt(text.length).flip());
                digest.update(text);
            });
            for (int index = 0; index < batches.microbatches(); index++) {
                int[] tokens = batches.microbatch(0, index);
                ByteBuffer bytes = ByteBuffer.allocate(tokens.length * Integer.BYTES);
                bytes.asIntBuffer().put(tokens);
                digest.update(bytes);
            }
            return HexFormat.of().formatHex(digest.digest(), 0, BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
