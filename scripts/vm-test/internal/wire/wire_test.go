package wire

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFramesComeBack(t *testing.T) {
	run, err := Pack(Run, 7, Command{Script: "echo ä", Deadline: 5})
	if err != nil {
		t.Fatal(err)
	}
	want := []Frame{
		run,
		{Kind: Output, ID: 7, Payload: bytes.Repeat([]byte{0xf5}, MaxPayload)},
		{Kind: Data, ID: 1<<32 - 1, Payload: []byte{}},
	}
	var stream bytes.Buffer
	for _, f := range want {
		if err := Write(&stream, f); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range want {
		got, err := Read(&stream)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(f, got); d != "" {
			t.Error("frame (-want +got):", d)
		}
	}
	if _, err := Read(&stream); !errors.Is(err, io.EOF) {
		t.Errorf("after the last frame: %v, want EOF", err)
	}
	if c, err := Unpack[Command](want[0]); err != nil || c.Script != "echo ä" || c.Deadline != 5 {
		t.Errorf("unpacked %+v, %v", c, err)
	}
}

func TestWhatIsNoFrameEndsTheConnection(t *testing.T) {
	var good bytes.Buffer
	if err := Write(&good, Frame{Kind: Ping, ID: 1, Payload: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	spoil := func(at int, b byte) []byte {
		s := bytes.Clone(good.Bytes())
		s[at] = b
		return s
	}
	for name, tt := range map[string]struct {
		in   []byte
		want error
	}{
		"nothing":           {nil, io.EOF},
		"half a header":     {good.Bytes()[:5], io.ErrUnexpectedEOF},
		"half a payload":    {good.Bytes()[:header], io.ErrUnexpectedEOF},
		"another mark":      {spoil(0, 'S'), ErrFrame},
		"no kind":           {spoil(2, 0), ErrFrame},
		"an unknown kind":   {spoil(2, byte(last)), ErrFrame},
		"too much to allot": {spoil(7, 0x7f), ErrFrame},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Read(bytes.NewReader(tt.in)); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
	if err := Write(io.Discard, Frame{Kind: Data, Payload: make([]byte, MaxPayload+1)}); !errors.Is(err, ErrFrame) {
		t.Errorf("too large a payload: %v, want ErrFrame", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, kind := range []Kind{Hello, Run, Data, last} {
		var b bytes.Buffer
		if err := Write(&b, Frame{Kind: kind, ID: 3, Payload: []byte(`{"script":"true"}`)}); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r := bytes.NewReader(in)
		for {
			before := r.Len()
			frame, err := Read(r)
			if err != nil {
				return
			}
			// Whatever was read is written as the same bytes again.
			var again bytes.Buffer
			if err := Write(&again, frame); err != nil {
				t.Fatal(err)
			}
			at := len(in) - before
			if !bytes.Equal(again.Bytes(), in[at:at+again.Len()]) || before-r.Len() != again.Len() {
				t.Fatalf("%x was read as %+v", in[at:], frame)
			}
			_, _ = Unpack[Command](frame)
			_, _ = Unpack[Result](frame)
		}
	})
}
