package main

import (
	"bytes"
	"encoding/binary"
)

// Where the library's single section is, in the file and in memory.
const (
	fileAlignment  = 0x200
	memoryAddress  = 0x1000
	exportTable    = 40 // bytes, the directory in front of the tables
	sectionIsData  = 0x40000040
	machineAMD64   = 0x8664
	optionalHeader = 240 // bytes
)

// randomLibrary is a bcryptprimitives.dll for amd64. Go programs take their random numbers from its
// ProcessPrng. It has no code: its one export is forwarded to advapi32.SystemFunction036
// (RtlGenRandom), which takes the same arguments.
func randomLibrary() []byte {
	exports := exportSection()
	file := make([]byte, 2*fileAlignment)
	writeHeaders(file, len(exports))
	copy(file[fileAlignment:], exports)
	return file
}

// exportSection is the section .rdata: the export directory, its three tables of one entry each
// (addresses, names, ordinals), and their strings.
func exportSection() []byte {
	const addresses, names, ordinals, stringsStart = exportTable, exportTable + 4, exportTable + 8, exportTable + 12
	var section bytes.Buffer
	section.Write(make([]byte, stringsStart))
	address := func(s string) uint32 {
		at := section.Len()
		section.WriteString(s + "\x00")
		return uint32(memoryAddress + at)
	}
	library := address("bcryptprimitives.dll")
	function := address("ProcessPrng")
	target := address("advapi32.SystemFunction036") // an address within the section makes it a forwarder

	b, put := section.Bytes(), binary.LittleEndian.PutUint32
	put(b[12:], library)
	put(b[16:], 1) // first ordinal
	put(b[20:], 1) // functions
	put(b[24:], 1) // names
	put(b[28:], memoryAddress+addresses)
	put(b[32:], memoryAddress+names)
	put(b[36:], memoryAddress+ordinals)
	put(b[addresses:], target)
	put(b[names:], function)
	return b
}

// writeHeaders writes the headers of a PE32+ file with one section of size bytes. The offsets are
// those of Microsoft's "PE Format".
func writeHeaders(file []byte, size int) {
	put16, put32, put64 := binary.LittleEndian.PutUint16, binary.LittleEndian.PutUint32, binary.LittleEndian.PutUint64
	copy(file, "MZ")
	put32(file[0x3c:], 0x40)
	copy(file[0x40:], "PE\x00\x00")

	coff := file[0x44:]
	put16(coff[0:], machineAMD64)
	put16(coff[2:], 1) // sections
	put16(coff[16:], optionalHeader)
	put16(coff[18:], 0x2022) // a library, executable, large addresses

	optional := coff[20:]
	put16(optional[0:], 0x20b)          // PE32+
	put32(optional[8:], fileAlignment)  // initialized data
	put32(optional[20:], memoryAddress) // code
	put64(optional[24:], 0x180000000)   // preferred address
	put32(optional[32:], memoryAddress) // alignment in memory
	put32(optional[36:], fileAlignment)
	put16(optional[40:], 6)               // operating system
	put16(optional[48:], 6)               // subsystem
	put32(optional[56:], 2*memoryAddress) // size in memory
	put32(optional[60:], fileAlignment)   // size of the headers
	put16(optional[68:], 3)               // console
	put16(optional[70:], 0x160)           // any address, no execution of data
	put64(optional[72:], 1<<20)           // stack and heap, reserved and committed
	put64(optional[80:], 1<<12)
	put64(optional[88:], 1<<20)
	put64(optional[96:], 1<<12)
	put32(optional[108:], 16) // data directories, of which the first is the exports
	put32(optional[112:], memoryAddress)
	put32(optional[116:], uint32(size))

	section := optional[optionalHeader:]
	copy(section, ".rdata")
	put32(section[8:], uint32(size))
	put32(section[12:], memoryAddress)
	put32(section[16:], fileAlignment)
	put32(section[20:], fileAlignment)
	put32(section[36:], sectionIsData)
}
