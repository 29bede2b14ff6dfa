package report

import (
	"encoding/csv"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"qlik-provision/provision/csvfile"
)

// journalMagic begins a journal's first line; process, host and start of the run follow. oldJournalMagic was
// an earlier version's.
const (
	journalMagic    = "qlik-provision journal 2"
	oldJournalMagic = "qlik-provision journal 1"
)

// syncInterval is how long a result is only with the operating system, not yet on the disk, at most.
const syncInterval = time.Second

// A journal takes the results of a run as they come: a line each, the cells of an Entry and a checksum of
// them, separated by commas. It is safe for concurrent use, but for close, which is the last call.
type journal struct {
	files files
	file  *os.File
	stop  chan struct{}
	done  chan struct{}

	mu       sync.Mutex
	size     int64 // of the whole lines
	unsynced bool
	failed   error // of a sync: what was written may not last
}

// startJournal creates the journal of f, with its first line on the disk.
func startJournal(f files) (*journal, error) {
	var file *os.File
	err := f.do("create", f.journal(), func() (err error) {
		file, err = openRegular(f.journal(), os.O_CREATE|os.O_EXCL|os.O_WRONLY)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("creating %s: %w", f.journalName(), err)
	}
	j := &journal{files: f, file: file, stop: make(chan struct{}), done: make(chan struct{})}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	head := []string{journalMagic, strconv.Itoa(os.Getpid()), cleanCell(host), time.Now().UTC().Format(time.RFC3339)}
	if err = j.append(head); err == nil {
		err = errors.Join(j.sync(), f.syncFolder())
	}
	if err != nil {
		return nil, errors.Join(err, file.Close(), os.Remove(f.journal()))
	}
	go j.keepSynced()
	return j, nil
}

// record appends an entry, and returns when the operating system has all of its line.
func (j *journal) record(e Entry) error { return encodeEntries([]Entry{e}, j.append) }

// append writes a line. What the system took of a line that it did not take as a whole is cut off again; where
// that fails, the next line is written over it.
func (j *journal) append(cells []string) error {
	line, err := journalLine(cells)
	if err != nil {
		return fmt.Errorf("writing %s: %w", j.files.journalName(), err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed != nil {
		return fmt.Errorf("writing %s: %w", j.files.journalName(), j.failed)
	}
	err = j.files.do("write", j.files.journal(), func() error {
		_, err := j.file.WriteAt(line, j.size)
		return err
	})
	if err != nil {
		cut := j.files.do("truncate", j.files.journal(), func() error { return j.file.Truncate(j.size) })
		return fmt.Errorf("writing %s: %w", j.files.journalName(), errors.Join(err, cut))
	}
	j.size += int64(len(line))
	j.unsynced = true
	return nil
}

func (j *journal) keepSynced() {
	defer close(j.done)
	tick := time.NewTicker(syncInterval)
	defer tick.Stop()
	for {
		select {
		case <-j.stop:
			return
		case <-tick.C:
			j.sync() // append returns its error
		}
	}
}

// sync syncs what was written. An error stays: the system does not report it a second time, and what was
// written may be lost.
func (j *journal) sync() error {
	j.mu.Lock()
	unsynced := j.unsynced
	j.unsynced = false
	j.mu.Unlock()
	if !unsynced {
		return nil
	}
	err := j.files.do("sync", j.files.journal(), j.file.Sync)
	if err != nil {
		j.mu.Lock()
		j.failed = err
		j.mu.Unlock()
	}
	return err
}

// inPlace reports whether the file that the journal is written to still stands in the folder.
func (j *journal) inPlace() bool {
	mine, err := j.file.Stat()
	if err != nil {
		return false
	}
	found, err := os.Lstat(j.files.journal())
	return err == nil && os.SameFile(mine, found)
}

// close syncs a last time and closes the file.
func (j *journal) close() error {
	close(j.stop)
	<-j.done
	return errors.Join(j.sync(), j.file.Close())
}

// journalLine is a line of the journal. A line end in a cell would cut it in two.
func journalLine(cells []string) ([]byte, error) {
	line := make([]byte, 0, 512) // holds most lines
	for i, cell := range cells {
		if strings.ContainsAny(cell, "\r\n") {
			return nil, fmt.Errorf("%q contains a line end", cell)
		}
		if i > 0 {
			line = append(line, ',')
		}
		line = csvfile.AppendCell(line, cell, ',')
	}
	return fmt.Appendf(line, ",%08x\n", checksum(line)), nil
}

// checksum is the CRC-32C of b.
func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// parseLine reads a line that journalLine made; ok is false where it is not a whole one.
func parseLine(line []byte) (cells []string, ok bool) {
	const tail = len(",00000000\n")
	if len(line) < tail || line[len(line)-1] != '\n' {
		return nil, false
	}
	body := line[:len(line)-tail]
	if string(line[len(body):]) != fmt.Sprintf(",%08x\n", checksum(body)) {
		return nil, false
	}
	cells, err := csv.NewReader(strings.NewReader(string(body))).Read()
	return cells, err == nil
}
