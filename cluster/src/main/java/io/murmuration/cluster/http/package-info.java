/** What people and scripts ask a node over HTTP, and order: the server on every node, and the client of the command line. */
package io.murmuration.cluster.http;
