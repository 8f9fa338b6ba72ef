UPDATE rooms SET last_deleted_seq = 0;
