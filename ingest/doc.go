// Package ingest reads mail logs the moment they are written.
//
// A source, File, Journal or Syslog, hands complete lines to a Handler in its
// own goroutine and tells after each read up to which Position all was handed
// over, so that a restart goes on there; what comes by a socket has no such
// place. Find, Expand and Await settle which logs to read; Open and Blocks
// read whole logs for scan.
package ingest
