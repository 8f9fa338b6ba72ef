// A room's sync position: all changes up to `ver` are known. Methods return whether to request what is missing.
export class SyncPosition {
  constructor(ver) {
    this.ver = ver
    this.isSyncing = false
  }

  // Begins with the `ver` of a hello.
  start(ver) {
    this.isSyncing = ver !== this.ver
    return this.isSyncing
  }

  // A change arrived. During a sync `ver` may skip numbers; only `endPage` moves the position then.
  advance(ver) {
    if (this.isSyncing || ver <= this.ver) return false
    this.isSyncing = ver !== this.ver + 1
    if (!this.isSyncing) this.ver = ver
    return this.isSyncing
  }

  // End of a page of changes.
  endPage(ver, more) {
    this.ver = ver
    this.isSyncing = more
    return more
  }
}
