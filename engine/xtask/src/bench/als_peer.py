# Trains `implicit` on the pinned split and prints one JSON line.
import io, json, sys, time, zipfile
import numpy as np, scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
root = sys.argv[1]
with zipfile.ZipFile(root + "/anime.zip") as z:
    name = next(n for n in z.namelist() if n.endswith("anime_history.dat"))
    rows = np.loadtxt(io.TextIOWrapper(z.open(name)), skiprows=1, usecols=(0, 1), dtype=np.int64)
test = np.zeros(len(rows), bool); test[np.loadtxt(root + "/history-test-rows.txt", dtype=np.int64)] = True
_, u = np.unique(rows[:, 0], return_inverse=True); _, i = np.unique(rows[:, 1], return_inverse=True)
shape = (u.max() + 1, i.max() + 1)
train = sp.csr_matrix((np.ones((~test).sum(), np.float32), (u[~test], i[~test])), shape=shape); train.data[:] = 1
held = sp.csr_matrix((np.ones(test.sum(), np.float32), (u[test], i[test])), shape=shape)
model = AlternatingLeastSquares(factors=64, regularization=10, alpha=5, iterations=15, use_cg=True, num_threads=2, random_state=1)
cpu, wall = time.process_time(), time.perf_counter()
model.fit(train, show_progress=False)
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
users = np.flatnonzero(held.getnnz(axis=1)); top, _ = model.recommend(users, train[users], N=10)
gain = 1 / np.log2(np.arange(2, 12)); total = 0.0
for user, items in zip(users, top):
    wanted = set(held[user].indices)
    total += sum(g for g, item in zip(gain, items) if item in wanted) / gain[: min(10, len(wanted))].sum()
print(json.dumps({"train_cpu_s": round(cpu, 3), "train_wall_s": round(wall, 3), "ndcg_at_10": round(total / len(users), 4)}))
