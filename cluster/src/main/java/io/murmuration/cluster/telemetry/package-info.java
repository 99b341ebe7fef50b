/** What a node tells those who watch it, with Kamon: numbers for a Prometheus, spans for a Zipkin or an OpenTelemetry collector. */
package io.murmuration.cluster.telemetry;
