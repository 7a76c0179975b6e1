package taskclient

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
)

var errTooLarge = fmt.Errorf("found a message of more than %d bytes", maxMessage)

// events yields the data of the messages in an event stream. It is an error if
// one is larger than limit. An event that the end of the stream cuts off is
// left out, as the standard of server-sent events says.
func events(r io.Reader, limit int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		reader := bufio.NewReader(r)
		var e event
		for {
			line, err := readLine(reader, limit-len(e.data))
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if len(line) > 0 {
				e.add(line)
				continue
			}
			if e.isMessage() && !yield(e.data, nil) {
				return
			}
			e = event{}
		}
	}
}

// An event is what has been read of one so far.
type event struct {
	name string
	data []byte
}

// isMessage reports whether the event carries something: others keep the
// connection alive.
func (e *event) isMessage() bool {
	return len(e.data) > 0 && (e.name == "" || e.name == "message")
}

// add takes a line of the event. Unknown fields, and comments, which are
// fields without a name, are ignored.
func (e *event) add(line []byte) {
	field, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(field) {
	case "event":
		e.name = string(value)
	case "data":
		if e.data != nil {
			e.data = append(e.data, '\n')
		}
		e.data = append(e.data, value...)
	}
}

// readLine returns the next line without its end.
func readLine(r *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if line = append(line, part...); len(line) > limit {
			return nil, errTooLarge
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		case err != nil:
			return nil, &networkError{err}
		default:
			return bytes.TrimRight(line, "\r\n"), nil
		}
	}
}
