package report

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"qlik-provision/provision/roster"
)

// journalMagic begins a journal's first line; behind it stand the process, the host and when the run began.
const journalMagic = "qlik-provision journal 1"

// syncEvery is how long an outcome is with the operating system alone at most.
const syncEvery = time.Second

// storage is the file under a journal.
type storage interface {
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error
}

// A journal takes the outcomes of a run as they come, a line each: the cells of an Entry and a checksum of them, delimited by
// commas. Its methods may be called at once.
type journal struct {
	path string // for messages
	file storage
	stop chan struct{}
	done chan struct{}

	mu    sync.Mutex
	size  int64 // of the whole lines
	torn  bool  // something may stand behind them
	dirty bool  // something is not synced
	sick  error // of a sync: what was written may not last
}

// startJournal writes the first line of a journal and syncs what comes, until close.
func startJournal(name string, file storage) (*journal, error) {
	j := &journal{path: name, file: file, stop: make(chan struct{}), done: make(chan struct{})}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	begun, _ := Time{time.Now()}.MarshalCSV()
	if err := j.append([]string{journalMagic, strconv.Itoa(os.Getpid()), clean(host), begun}); err != nil {
		return nil, both(err, file.Close())
	}
	go j.keepSynced()
	return j, nil
}

// append writes a line, and is back only when the operating system has all of it; what it took of a line that it did not take
// whole is cut off again.
func (j *journal) append(row []string) error {
	line, err := journalLine(row)
	if err != nil {
		return fmt.Errorf("writing %s: %w", j.path, err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.sick != nil {
		return fmt.Errorf("writing %s: %w", j.path, j.sick)
	}
	if err := j.mend(); err != nil {
		return fmt.Errorf("cutting %s back to its last whole line: %w", j.path, err)
	}
	if _, err := j.file.WriteAt(line, j.size); err != nil {
		j.torn = true
		return fmt.Errorf("writing %s: %w", j.path, both(err, j.mend()))
	}
	j.size += int64(len(line))
	j.dirty = true
	return nil
}

// mend cuts off what stands behind the last whole line.
func (j *journal) mend() error {
	if !j.torn {
		return nil
	}
	if err := j.file.Truncate(j.size); err != nil {
		return err
	}
	j.torn = false
	return nil
}

func (j *journal) keepSynced() {
	defer close(j.done)
	tick := time.NewTicker(syncEvery)
	defer tick.Stop()
	for {
		select {
		case <-j.stop:
			return
		case <-tick.C:
			j.sync()
		}
	}
}

// sync syncs what was written. An error stays: the system does not report it a second time, and what was written may be gone.
func (j *journal) sync() error {
	j.mu.Lock()
	dirty := j.dirty
	j.dirty = false
	j.mu.Unlock()
	if !dirty {
		return nil
	}
	err := j.file.Sync()
	if err != nil {
		j.mu.Lock()
		j.sick = err
		j.mu.Unlock()
	}
	return err
}

// close syncs a last time and closes the file.
func (j *journal) close() error {
	close(j.stop)
	<-j.done
	return both(j.sync(), j.file.Close())
}

// journalLine is a line of the journal. Line ends within would cut it in two.
func journalLine(row []string) ([]byte, error) {
	line := make([]byte, 0, 256) // which most lines fit into
	for _, cell := range row {
		if strings.ContainsAny(cell, "\r\n") {
			return nil, fmt.Errorf("%q holds a line end", cell)
		}
		line = append(roster.AppendField(line, cell, ','), ',')
	}
	return append(appendChecksum(line, line[:len(line)-1]), '\n'), nil
}

// appendChecksum appends the CRC-32C of b to dst, in eight hexadecimal digits.
func appendChecksum(dst, b []byte) []byte {
	sum := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
	return hex.AppendEncode(dst, binary.BigEndian.AppendUint32(nil, sum))
}
