// Package parse turns one log line into a policy.Event. It takes a client's
// address only from the place where the server itself writes it, allocates
// nothing and does no I/O. A line it does not know is no event.
package parse
