package report

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
)

// save writes the rows beside the result file and renames that over it. It fails where another program has changed the
// file since this run read or wrote it; one that was removed is written again.
func (l *Ledger) save(patience time.Duration) error {
	now, err := os.Lstat(l.files.path)
	if err == nil && (l.info == nil || !os.SameFile(now, l.info) || now.Size() != l.info.Size() ||
		!now.ModTime().Equal(l.info.ModTime())) {
		return fmt.Errorf("%s: another program changed it meanwhile", l.Path)
	}
	name := l.files.tempPath()
	os.Remove(name) // a killed run left it
	file, err := l.files.create(name)
	if err != nil {
		return err
	}
	err = l.files.do("write", name, func() error { return writeRows(file, l.File, l.Rows) })
	if err == nil {
		err = l.files.do("sync", name, file.Sync)
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = l.replace(name, patience)
	}
	if err != nil {
		return errors.Join(err, ignoreMissing(os.Remove(name)))
	}
	l.unsaved = false
	l.info, err = os.Lstat(l.files.path)
	return err
}

// replace renames a file over the result file, and makes that last. Where another program has that open it tells that
// it waits.
func (l *Ledger) replace(name string, patience time.Duration) error {
	rename := func() error { return os.Rename(name, l.files.path) }
	err := l.files.do("rename", name, rename)
	if isBusy(err) {
		l.notify("%s is open in another program; waiting %v for it to be closed", l.Path, patience)
		if err = retryBusy(patience, isBusy, rename); isBusy(err) {
			return fmt.Errorf("%s %w", l.Path, ErrInUse)
		}
	}
	if err != nil {
		return fmt.Errorf("replacing %s: %w", l.Path, err)
	}
	return l.files.syncFolder()
}

// writeRows writes a result file: the export's cells as they were read, and ours. Batches are encoded on all
// processors, and written in their order.
func writeRows(file *os.File, export *csvfile.File, rows []Row) error {
	var head []byte
	if !export.Dialect.Plain() {
		head = append(head, "\ufeff"...) // a program that wrote another encoding has to recognize UTF-8
	}
	if _, err := file.Write(appendRow(head, export, &export.Header, Columns())); err != nil {
		return err
	}
	encoded := make([][]byte, runtime.GOMAXPROCS(0))
	for batches := range slices.Chunk(slices.Collect(slices.Chunk(rows, roster.BatchSize)), len(encoded)) {
		var group errgroup.Group
		for i, batch := range batches {
			group.Go(func() (err error) {
				encoded[i], err = appendRows(encoded[i][:0], export, batch)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
		for _, b := range encoded[:len(batches)] {
			if _, err := file.Write(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// appendRows appends up to roster.BatchSize rows. A whole batch goes to gocsv as an array, of whose fields it makes no
// copies.
func appendRows(dst []byte, export *csvfile.File, rows []Row) ([]byte, error) {
	done := 0
	write := func(cells []string) error {
		dst = appendRow(dst, export, rows[done].Record, cells)
		done++
		return nil
	}
	if len(rows) == roster.BatchSize {
		var entries [roster.BatchSize]Entry
		for i := range rows {
			entries[i] = rows[i].Entry
		}
		err := encodeEntries(entries, write)
		return dst, err
	}
	for i := range rows {
		if err := encodeEntries([1]Entry{rows[i].Entry}, write); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// appendRow appends a record of an export with our cells behind it, or where they stood.
func appendRow(dst []byte, export *csvfile.File, r *csvfile.Record, cells []string) []byte {
	delimiter, width, at := export.Dialect.Delimiter, len(export.Header.Cells), export.Block
	if at < 0 {
		at = width
	}
	dst = export.AppendCells(dst, r, 0, at)
	for i, cell := range cells {
		if i > 0 || at > 0 {
			dst = utf8.AppendRune(dst, delimiter)
		}
		dst = csvfile.AppendCell(dst, cell, delimiter)
	}
	if at < width {
		dst = export.AppendCells(utf8.AppendRune(dst, delimiter), r, at, width)
	}
	return append(dst, export.Dialect.LineEnd...)
}
