package simulated

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// A ledger is the list of charges, with a copy in a file: a line of JSON each.
// A charge is in the file before its request is answered.
type ledger struct {
	charges []Charge
	file    *os.File // nil if there is none
}

func openLedger(name string) (*ledger, error) {
	l := &ledger{}
	if name == "" {
		return l, nil
	}
	if err := l.read(name); err != nil {
		return nil, fmt.Errorf("the simulated payment gateway's ledger: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, fmt.Errorf("the simulated payment gateway's ledger: %w", err)
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the simulated payment gateway's ledger: %w", err)
	}
	l.file = file
	return l, nil
}

func (l *ledger) read(name string) error {
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	whole := bytes.LastIndexByte(data, '\n') + 1
	if whole < len(data) {
		// A kill in the middle of a line: that charge was never answered.
		if err := os.Truncate(name, int64(whole)); err != nil {
			return err
		}
	}
	for line := range bytes.Lines(data[:whole]) {
		var charge Charge
		if err := json.Unmarshal(line, &charge); err != nil {
			return fmt.Errorf("%s is damaged: %w", name, err)
		}
		l.charges = append(l.charges, charge)
	}
	return nil
}

func (l *ledger) find(key string) (Charge, bool) {
	i := slices.IndexFunc(l.charges, func(c Charge) bool { return c.Key == key })
	if i < 0 {
		return Charge{}, false
	}
	return l.charges[i], true
}

func (l *ledger) add(charge Charge) error {
	if l.file != nil {
		line, err := json.Marshal(charge)
		if err != nil {
			return err
		}
		if _, err := l.file.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	l.charges = append(l.charges, charge)
	return nil
}

func (l *ledger) close() {
	if l.file != nil {
		_ = l.file.Close()
	}
}
