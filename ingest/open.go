package ingest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// The first bytes of the compressed formats that logrotate writes (RFC 1952,
// RFC 8878, the .xz file format 1.1).
var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
	xzMagic   = []byte{0xfd, '7', 'z', 'X', 'Z', 0}
)

// zstdMaxMemory bounds what a hostile or broken .zst can make us allocate.
const zstdMaxMemory = 256 << 20

// Open opens a log for reading from its start. Compressed logs (gzip, zstd,
// xz) are recognised by their first bytes, whatever the name says, and read
// as what they hold. A plain log is returned as the *os.File itself. Anything
// but a regular file is an error.
func Open(path string) (io.ReadCloser, error) {
	file, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	rc, err := decompress(file)
	if err != nil {
		_ = file.Close() // the error that matters is err
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return rc, nil
}

// NotRegularError says that a path names something that is no regular file.
type NotRegularError struct {
	// Path is the path as configured.
	Path string
	// Mode is what was found there.
	Mode os.FileMode
}

// Error names the path and what stands there.
func (e *NotRegularError) Error() string {
	what := "not a regular file"
	switch {
	case e.Mode.IsDir():
		what = "a directory"
	case e.Mode&os.ModeNamedPipe != 0:
		what = "a named pipe"
	case e.Mode&os.ModeSocket != 0:
		what = "a socket"
	case e.Mode&os.ModeDevice != 0:
		what = "a device"
	}
	return fmt.Sprintf("open %s: it is %s, not a log file", e.Path, what)
}

// openRegular opens a regular file. O_NONBLOCK keeps a named pipe without a
// writer from blocking the open for ever; it means nothing for regular files.
func openRegular(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		if info, statErr := os.Stat(path); statErr == nil && !info.Mode().IsRegular() {
			return nil, &NotRegularError{Path: path, Mode: info.Mode()}
		}
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &NotRegularError{Path: path, Mode: info.Mode()}
	}
	if err != nil {
		_ = file.Close() // the error that matters is err
		return nil, err
	}
	return file, nil
}

// decompress looks at file's first bytes and wraps it accordingly.
func decompress(file *os.File) (io.ReadCloser, error) {
	var buf [headLen]byte
	head, err := readHead(file, &buf)
	if err != nil {
		return nil, err
	}
	r, err := unpack(head, file)
	if r == nil && err == nil {
		return file, nil
	}
	return unpacked{r, file}, err
}

// Unpack returns what a stream holds that is no file, such as standard input.
// What is compressed is recognised by its first bytes, which it waits for. The
// stream is not closed.
func Unpack(stream io.Reader) (io.Reader, error) {
	b := bufio.NewReader(stream)
	head, err := b.Peek(len(xzMagic))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	r, err := unpack(head, b)
	if r == nil && err == nil {
		return b, nil
	}
	return r, err
}

// unpack returns a decompressor for what begins with head, or nil where that is
// plain.
func unpack(head []byte, packed io.Reader) (io.Reader, error) {
	switch {
	case bytes.HasPrefix(head, gzipMagic):
		return gzip.NewReader(bufio.NewReaderSize(packed, 64<<10))
	case bytes.HasPrefix(head, zstdMagic):
		return zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(zstdMaxMemory))
	case bytes.HasPrefix(head, xzMagic):
		return xz.NewReader(bufio.NewReaderSize(packed, 64<<10))
	}
	return nil, nil
}

// unpacked reads through a decompressor and closes the file beneath it.
type unpacked struct {
	io.Reader
	file *os.File
}

// Close closes the file, and gives back the buffers of a decompressor that has
// some to give.
func (u unpacked) Close() error {
	if d, ok := u.Reader.(*zstd.Decoder); ok {
		d.Close()
	}
	return u.file.Close()
}

func (u unpacked) beneath() *os.File { return u.file }

// Offset tells how much of its file has been read of what Open returned: of a
// compressed log, compressed bytes. It may be called while another goroutine
// reads, and is 0 where it cannot be told.
func Offset(log io.Reader) int64 {
	if u, ok := log.(interface{ beneath() *os.File }); ok {
		log = u.beneath()
	}
	file, ok := log.(*os.File)
	if !ok {
		return 0
	}
	n, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0 // a pipe has none
	}
	return n
}
