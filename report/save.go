package report

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"qlik-provision/provision/csvfile"
)

// save writes the rows beside the result file and renames that over it. The file is the run's from then on.
func (l *Ledger) save(patience time.Duration) error {
	file, err := l.files.createTemp()
	if err != nil {
		return err
	}
	w := &fileWriter{export: l.export, out: bufio.NewWriterSize(file, 64<<10)}
	err = l.files.do("write", file.Name(), func() error { return errors.Join(w.writeAll(l.rows), w.out.Flush()) })
	if err == nil {
		err = l.files.do("sync", file.Name(), file.Sync)
	}
	info, statErr := file.Stat()
	if err = errors.Join(err, statErr, file.Close()); err != nil {
		os.Remove(file.Name())
		return fmt.Errorf("writing %s: %w", file.Name(), err)
	}
	if err := l.files.rename(file.Name(), l.files.path, patience); err != nil {
		os.Remove(file.Name())
		return fmt.Errorf("replacing %s: %w", l.files.name, err)
	}
	l.found, l.unsaved = info, false
	return nil
}

// A fileWriter writes a result file: the cells of the export as they were read, with ours behind them, or in the place
// of ours.
type fileWriter struct {
	export *csvfile.File
	out    *bufio.Writer
	buf    []byte
	line   int // the next one's number
}

// writeAll writes the header and all rows, and sets the rows' lines.
func (w *fileWriter) writeAll(rows []Row) error {
	w.line = 1
	if !w.export.Dialect.Plain {
		w.buf = append(w.buf, "\ufeff"...) // the program that wrote the file has to recognize UTF-8
	}
	if err := w.write(&w.export.Header, Columns()); err != nil {
		return err
	}
	entries := make([]Entry, 0, batchSize)
	for len(rows) > 0 {
		batch := rows[:min(len(rows), batchSize)]
		rows = rows[len(batch):]
		entries = entries[:0]
		for _, r := range batch {
			entries = append(entries, r.Entry)
		}
		next := 0
		err := encodeEntries(entries, func(cells []string) error {
			batch[next].Line = w.line
			next++
			return w.write(batch[next-1].Record, cells)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// write writes a record of the export with our cells.
func (w *fileWriter) write(r *csvfile.Record, cells []string) error {
	d := w.export.Dialect
	width := len(w.export.Header.Cells)
	before, behind := width, width
	if w.export.Block >= 0 {
		before, behind = w.export.Block, w.export.Block+blockSize
	}
	w.buf = w.export.AppendCells(w.buf, r, 0, before)
	for i, cell := range cells {
		if i > 0 || before > 0 {
			w.buf = utf8.AppendRune(w.buf, d.Delimiter)
		}
		w.buf = csvfile.AppendCell(w.buf, cell, d.Delimiter)
	}
	if behind < width {
		w.buf = w.export.AppendCells(utf8.AppendRune(w.buf, d.Delimiter), r, behind, width)
	}
	w.buf = append(w.buf, d.LineEnd...)
	w.line += countLineEnds(w.buf)
	_, err := w.out.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

// countLineEnds counts "\n", "\r" and "\r\n".
func countLineEnds(b []byte) int {
	s := string(b)
	return strings.Count(s, "\n") + strings.Count(s, "\r") - strings.Count(s, "\r\n")
}
