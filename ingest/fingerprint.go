package ingest

import (
	"bytes"
	"hash/fnv"
	"io"
)

// headLen is how many of a file's first bytes identify it. An inode number
// does not: it is used again as soon as a file is deleted, and copytruncate
// keeps it. A log's first kilobyte holds stamps and queue ids, so that no two
// logs of a host begin alike.
const headLen = 1024

// headHash is the fingerprint of a file that begins with head (FNV-1a, stable
// over restarts and versions because positions are stored).
func headHash(head []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(head) // a hash never fails to write
	return h.Sum64()
}

// readHead reads up to headLen bytes from the start of r into buf.
func readHead(r io.ReaderAt, buf *[headLen]byte) ([]byte, error) {
	n, err := r.ReadAt(buf[:], 0)
	if err == io.EOF {
		err = nil
	}
	return buf[:n], err
}

// matches reports whether a file that begins with head can be the one that
// pos was taken from. Only the recorded length is compared: the file may have
// been shorter than headLen then.
func (p *Position) matches(head []byte) bool {
	return p.FingerprintLen <= len(head) && headHash(head[:p.FingerprintLen]) == p.Fingerprint
}

// grows reports whether head continues old: the same file, perhaps longer.
func grows(head, old []byte) bool {
	return len(head) >= len(old) && bytes.Equal(head[:len(old)], old)
}
