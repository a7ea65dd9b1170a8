"""SQLite on a mount under load: `FILE JOURNAL PROCESSES ROWS`. Each process adds rows in transactions of its own, changes some and takes some back."""
import multiprocessing
import sqlite3
import sys


def connect(path, journal):
    connection = sqlite3.connect(path, timeout=120, isolation_level=None)
    mode = connection.execute(f"pragma journal_mode={journal}").fetchone()[0]
    if mode != journal:
        raise AssertionError(f"journal_mode={journal} gives {mode}")
    connection.execute("pragma synchronous=full")
    return connection


def work(path, journal, process, rows):
    connection = connect(path, journal)
    for number in range(0, rows, 10):
        connection.execute("begin immediate")
        for each in range(number, number + 10):
            connection.execute("insert into entry values (?, ?, ?)", (process, each, f"{process} {each} " * 20))
        connection.execute("update entry set body = body || 'changed' where process = ? and number = ?", (process, number))
        connection.execute("commit")
        connection.execute("begin immediate")
        connection.execute("insert into entry values (?, ?, 'taken back')", (process, -1 - number))
        connection.execute("rollback")
        connection.execute("select count(*) from entry").fetchone()
    connection.close()


def main(path, journal, processes, rows):
    connection = connect(path, journal)
    connection.execute("create table entry (process integer, number integer, body text, primary key (process, number))")
    connection.close()
    workers = [multiprocessing.Process(target=work, args=(path, journal, process, rows)) for process in range(processes)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    connection = connect(path, journal)
    result = [connection.execute("pragma integrity_check").fetchone()[0], connection.execute("select count(*), sum(body like '%changed') from entry").fetchone()]
    if journal == "wal":
        connection.execute("pragma wal_checkpoint(truncate)")
    connection.close()
    want = ["ok", (processes * rows, processes * rows // 10)]
    print(f"{result}, want {want}")
    return 0 if result == want and all(worker.exitcode == 0 for worker in workers) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
