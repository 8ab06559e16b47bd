package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// journalEntry is what we take from one entry of the journal.
type journalEntry struct {
	message, tag, pid []byte
	// uid, unit, exe and transport are set by journald.
	uid, unit, exe, transport string
	// container and containerTag are what a container engine calls the writer;
	// anybody can send them.
	container, containerTag string
	// piece is set in a piece of a line that the engine has cut, more where that
	// is not the last one. priority tells the container's streams apart.
	piece, more bool
	priority    string
	cursor      string
	stamp       time.Time
}

// errAmbiguous says that a field that tells who wrote the entry came twice.
var errAmbiguous = errors.New("a field that names the writer has several values")

// decode reads one line of "journalctl -o json" (systemd.journal-fields(7),
// JSON form: systemd.io/JOURNAL_EXPORT_FORMATS). A line that is no entry, or
// lacks a cursor, is an error.
func (e *journalEntry) decode(line []byte) error {
	var fields struct {
		Message journalValue `json:"MESSAGE"`
		Tag     journalValue `json:"SYSLOG_IDENTIFIER"`
		PID     journalValue `json:"_PID"`
		UID     journalValue `json:"_UID"`
		Unit    journalValue `json:"_SYSTEMD_UNIT"`
		Exe     journalValue `json:"_EXE"`
		Way     journalValue `json:"_TRANSPORT"`
		Box     journalValue `json:"CONTAINER_NAME"`
		BoxTag  journalValue `json:"CONTAINER_TAG"`
		Piece   journalValue `json:"CONTAINER_PARTIAL_ID"`
		More    journalValue `json:"CONTAINER_PARTIAL_MESSAGE"`
		Level   journalValue `json:"PRIORITY"`
		Cursor  journalValue `json:"__CURSOR"`
		Stamp   journalValue `json:"__REALTIME_TIMESTAMP"`
	}
	if err := json.Unmarshal(line, &fields); err != nil {
		return fmt.Errorf("decode journal entry: %w", err)
	}
	for _, single := range [...]journalValue{
		fields.PID, fields.UID, fields.Unit, fields.Exe, fields.Way, fields.Box, fields.BoxTag, fields.Cursor, fields.Stamp,
	} {
		if single.several {
			return fmt.Errorf("decode journal entry: %w", errAmbiguous)
		}
	}
	us, err := strconv.ParseInt(string(fields.Stamp.bytes), 10, 64)
	if err != nil {
		return fmt.Errorf("decode journal entry: time: %w", err)
	}
	if len(fields.Cursor.bytes) == 0 {
		return errors.New("decode journal entry: no cursor")
	}
	*e = journalEntry{
		message: oneLine(fields.Message.bytes),
		tag:     oneLine(fields.Tag.bytes),
		pid:     fields.PID.bytes,
		uid:     string(fields.UID.bytes),
		unit:    string(fields.Unit.bytes),
		exe:     string(fields.Exe.bytes),
		cursor:  string(fields.Cursor.bytes),
		stamp:   time.UnixMicro(us),

		transport: string(fields.Way.bytes),
		container: string(fields.Box.bytes), containerTag: string(fields.BoxTag.bytes),
		piece: len(fields.Piece.bytes) > 0, more: len(fields.More.bytes) > 0, priority: string(fields.Level.bytes),
	}
	return nil
}

// oneLine puts blanks for line ends: a message of several lines is one line
// to the parsers, so that its second line cannot pass for a message.
func oneLine(text []byte) []byte {
	return bytes.ReplaceAll(text, []byte{'\n'}, []byte{' '})
}

// journalValue is a field's value in any of the forms journalctl writes: a
// string; an array of numbers, the bytes of what is no valid UTF-8; null, for
// what is too long; and an array of these where the field came several times,
// of which the first is taken.
type journalValue struct {
	bytes   []byte
	several bool
}

// UnmarshalJSON takes any of the forms.
func (v *journalValue) UnmarshalJSON(data []byte) error {
	*v = journalValue{}
	switch data[0] {
	case 'n':
		return nil
	case '"':
		var text string
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
		v.bytes = []byte(text)
		return nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	if len(list) == 0 {
		return nil
	}
	if first := list[0][0]; first == '"' || first == '[' || first == 'n' {
		err := v.UnmarshalJSON(list[0])
		v.several = len(list) > 1
		return err
	}
	v.bytes = make([]byte, len(list))
	for i, raw := range list {
		b, err := strconv.ParseUint(string(raw), 10, 8)
		if err != nil {
			return fmt.Errorf("byte %d: %w", i, err)
		}
		v.bytes[i] = byte(b)
	}
	return nil
}
