package io.murmuration.cluster.local;

import io.murmuration.cluster.config.UserError;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.SplittableRandom;
import java.util.function.IntSupplier;

/**
 * Ports that nobody listens on. Below those that systems hand out for outgoing connections (from 32,768 on Linux): a node
 * that was killed must find its port free when it comes back.
 */
final class FreePorts implements IntSupplier {

    private static final int LOWEST = 20_000;
    private static final int HIGHEST = 32_000;

    private int next;

    /** @param chance two clusters that start at once should not look at the same ports */
    FreePorts(SplittableRandom chance) {
        this.next = chance.nextInt(LOWEST, HIGHEST);
    }

    @Override
    public int getAsInt() {
        for (int tries = 0; tries < HIGHEST - LOWEST; tries++) {
            int port = next;
            next = next + 1 < HIGHEST ? next + 1 : LOWEST;
            if (free(port)) {
                return port;
            }
        }
        throw new UserError("no free port on loopback from " + LOWEST + " to " + HIGHEST);
    }

    private static boolean free(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (IOException e) {
            return false; // taken, which is the answer
        }
    }
}
