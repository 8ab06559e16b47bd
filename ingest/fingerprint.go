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

// matches reports whether a file that begins with head must be the one that
// pos was taken from. Only the recorded length is compared: the file may have
// been shorter than headLen then. A position in an empty file matches nothing,
// because it would match everything, and neither does one in a file that
// begins with nothing but NUL bytes: so does every log that was truncated
// under a writer that does not append.
func (p *Position) matches(head []byte) bool {
	if p.FingerprintLen > len(head) || isHole(head[:p.FingerprintLen]) {
		return false
	}
	return headHash(head[:p.FingerprintLen]) == p.Fingerprint
}

// unreadIn reports whether pos stands at the start of p, which was empty then:
// an inode tells that much. Should it have been given to another file since,
// that one was not read either.
func (p *Position) unreadIn(log *past) bool {
	return p.FingerprintLen == 0 && p.Offset == 0 && p.Inode != 0 && log.id.ino == p.Inode
}

// continues reports whether the log in place, which begins with head, can be
// read on at pos. Where its beginning tells nothing, the place must do: that
// pos is the start of a line in it, too.
func (p *Position) continues(r io.ReaderAt, head []byte) bool {
	if p.FingerprintLen > len(head) || headHash(head[:p.FingerprintLen]) != p.Fingerprint {
		return false
	}
	if p.Offset == 0 || !isHole(head[:p.FingerprintLen]) {
		return true
	}
	var before [1]byte
	_, err := r.ReadAt(before[:], p.Offset-1)
	return err == nil && before[0] == '\n'
}

// isHole reports whether head holds nothing but NUL bytes.
func isHole(head []byte) bool { return len(bytes.Trim(head, "\x00")) == 0 }

// grows reports whether head continues old: the same file, perhaps longer.
func grows(head, old []byte) bool {
	return len(head) >= len(old) && bytes.Equal(head[:len(old)], old)
}
