package config

import (
	"fmt"
	"strconv"
	"time"

	"github.com/pelletier/go-toml/v2/unstable"
)

// codec reads a T from a value of the file and shows it again. What show
// returns is a string, a bool, an int64 or a []any of these.
type codec[T any] struct {
	read func(value) (T, []problem)
	show func(T) any
}

// texts is the codec of what is written as a string. parse returns a problem
// without a place.
func texts[T any](parse func(string) (T, *problem), show func(T) string) codec[T] {
	return codec[T]{
		read: func(v value) (t T, faults []problem) {
			if v.kind != unstable.String {
				return t, []problem{wrongType(v, "a text in quotes")}
			}
			t, p := parse(v.text)
			if p != nil {
				p.at = v.at
				return t, []problem{*p}
			}
			return t, nil
		},
		show: func(t T) any { return show(t) },
	}
}

// numbers is the codec of whole numbers from low to high.
func numbers[T int | uint16 | uint32](low, high int64) codec[T] {
	return codec[T]{
		read: func(v value) (T, []problem) {
			if v.kind != unstable.Integer {
				return 0, []problem{wrongType(v, "a whole number")}
			}
			n, err := strconv.ParseInt(v.text, 0, 64)
			if err != nil || n < low || n > high {
				return 0, []problem{{at: v.at, message: v.text + " is out of range", hint: fmt.Sprintf("write a number from %d to %d", low, high)}}
			}
			return T(n), nil
		},
		show: func(t T) any { return int64(t) },
	}
}

// switches is the codec of true and false.
func switches() codec[bool] {
	return codec[bool]{
		read: func(v value) (bool, []problem) {
			if v.kind != unstable.Bool {
				return false, []problem{wrongType(v, "true or false, without quotes")}
			}
			return v.text == "true", nil
		},
		show: func(t bool) any { return t },
	}
}

// lists is the codec of a list without repetitions.
func lists[T comparable](one codec[T]) codec[[]T] {
	return codec[[]T]{
		read: func(v value) (list []T, faults []problem) {
			if v.kind != unstable.Array {
				return nil, []problem{wrongType(v, "a list in square brackets")}
			}
			seen := map[T]bool{}
			for _, item := range v.items {
				t, wrong := one.read(item)
				if len(wrong) == 0 && seen[t] {
					wrong = []problem{{at: item.at, message: fmt.Sprintf("%v is listed twice", one.show(t)), hint: "remove one of the two"}}
				}
				seen[t] = true
				faults = append(faults, wrong...)
				list = append(list, t)
			}
			return list, faults
		},
		show: func(list []T) any {
			out := make([]any, len(list))
			for i, t := range list {
				out[i] = one.show(t)
			}
			return out
		},
	}
}

// notEmpty refuses the empty list.
func notEmpty[T any](c codec[[]T], why string) codec[[]T] {
	read := c.read
	c.read = func(v value) ([]T, []problem) {
		list, faults := read(v)
		if len(faults) == 0 && len(list) == 0 {
			faults = []problem{{at: v.at, message: "the list is empty", hint: why}}
		}
		return list, faults
	}
	return c
}

// durations is the codec of a time span from low to high.
func durations(low, high time.Duration) codec[time.Duration] {
	c := texts(func(s string) (time.Duration, *problem) { return parseDuration(s, low, high) }, formatDuration)
	read := c.read
	c.read = func(v value) (time.Duration, []problem) {
		if v.kind == unstable.Integer || v.kind == unstable.Float {
			return 0, []problem{{at: v.at, message: "a time span needs a unit", hint: `write for example "90s", "10m" or "24h"`}}
		}
		return read(v)
	}
	return c
}

func wrongType(v value, want string) problem {
	return problem{at: v.at, message: fmt.Sprintf("this is %s, but it must be %s", kindName(v.kind), want)}
}

func kindName(k unstable.Kind) string {
	switch k { //nolint:exhaustive // what is not listed cannot be a value
	case unstable.String:
		return "a text"
	case unstable.Bool:
		return "true or false"
	case unstable.Integer:
		return "a whole number"
	case unstable.Float:
		return "a number with a fraction"
	case unstable.Array:
		return "a list"
	case unstable.InlineTable:
		return "a table"
	}
	return "a date or a time"
}
