/** The port through which actors tell what they do to those who watch, and the names of what they tell. */
package io.murmuration.actors.telemetry;
