package ingest

import "golang.org/x/sys/unix"

// remoteTypes are the file systems on which others write without this
// kernel's inotify noticing (statfs(2), linux include/uapi/linux/magic.h).
var remoteTypes = map[int64]string{
	unix.NFS_SUPER_MAGIC:   "nfs",
	unix.SMB_SUPER_MAGIC:   "smb",
	unix.CIFS_SUPER_MAGIC:  "cifs",
	unix.SMB2_SUPER_MAGIC:  "smb2",
	unix.FUSE_SUPER_MAGIC:  "fuse",
	unix.V9FS_MAGIC:        "9p",
	unix.AFS_SUPER_MAGIC:   "afs",
	unix.AFS_FS_MAGIC:      "afs",
	unix.CODA_SUPER_MAGIC:  "coda",
	unix.NCP_SUPER_MAGIC:   "ncp",
	unix.OCFS2_SUPER_MAGIC: "ocfs2",
	0x00c36400:             "ceph",   // linux include/uapi/linux/magic.h, CEPH_SUPER_MAGIC
	0x01161970:             "gfs2",   // linux include/uapi/linux/gfs2_ondisk.h
	0x0bd00bd0:             "lustre", // lustre include/uapi/linux/lustre/lustre_user.h
	0x47504653:             "gpfs",   // coreutils src/stat.c
	0x786f4256:             "vboxsf", // linux fs/vboxsf/super.c
}

// remote names the network file system that path lies on; empty where inotify
// can be trusted.
func remote(path string) string {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return ""
	}
	// The field is signed and as wide as a register: a magic number with its
	// highest bit set is negative on 32-bit machines.
	return remoteTypes[int64(uint32(st.Type))] //nolint:gosec // deliberately cut to the magic's width
}
