"""SciPy and scikit-learn compute with tensors through the array API, with NumPy's results."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import textwrap

import pytest

HEAD = """
import warnings
warnings.simplefilter("ignore")
import numpy as np
import wengert as wg

random = np.random.default_rng(0)
x, y = random.normal(size=(40, 5)), random.normal(size=(40, 5))
p = random.uniform(0.1, 0.9, size=(40, 4))
target = x @ random.normal(size=5) + 0.1 * random.normal(size=40)
labels = np.digitize(x[:, 0], [-0.5, 0.5])


def flat(results):
    if isinstance(results, (tuple, list)):
        return [f for r in results for f in flat(r)]
    return [results]


def check(f, *arrays, tolerance=1e-8):
    theirs = flat(f(*arrays))
    ours = flat(f(*(wg.tensor(a) for a in arrays)))
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs):
        assert isinstance(a, wg.Tensor) or not isinstance(b, np.ndarray), type(a)
        values = a.numpy() if isinstance(a, wg.Tensor) else a
        np.testing.assert_allclose(values, b, tolerance, tolerance)
"""

SCIPY = {
    "special": """
        from scipy import special as s
        for f in (s.expit, s.erf, s.erfc, s.gammaln, s.logit, s.ndtr, s.ndtri, s.log_ndtr, s.i0, s.i1e, s.entr):
            check(f, p)
        check(s.xlogy, p, p[::-1].copy())
        check(s.rel_entr, p, p[::-1].copy())
        check(s.betainc, p + 0.2, p + 0.5, p)
        check(s.gammainc, p, p)
        check(lambda a: s.logsumexp(a, axis=1), x)
        check(lambda a: s.softmax(a, axis=1), x)
        check(lambda a: s.log_softmax(a, axis=0), x)
        """,
    "stats": """
        from scipy import stats as s
        for f in (s.zscore, s.skew, s.kurtosis, s.sem, s.tmean, s.tvar, s.tstd, s.variation, s.iqr, s.rankdata):
            check(f, x)
        for f in (s.gmean, s.hmean, s.entropy, s.circmean, s.circvar, s.circstd):
            check(f, p)
        for f in (s.skewtest, s.kurtosistest, s.normaltest, s.jarque_bera):
            check(lambda a: (f(a).statistic, f(a).pvalue), x)
        for f in (s.ttest_ind, s.ttest_rel, s.f_oneway, s.bartlett, s.mannwhitneyu, s.kruskal):
            check(lambda a, b: (f(a, b).statistic, f(a, b).pvalue), x[:, 0].copy(), y[:, 0].copy())
        check(lambda a, b: s.pearsonr(a, b).statistic, x[:, 0].copy(), y[:, 0].copy())
        check(lambda a: s.directional_stats(a).mean_direction, x)
        check(lambda a: s.quantile(a, 0.3), x)
        check(lambda a: s.trim_mean(a, 0.1), x)
        """,
    "signal": """
        from scipy import ndimage, signal as s
        u, v = x[:, 0].copy(), y[:7, 0].copy()
        check(lambda a, b: s.convolve(a, b, method="direct"), u, v)
        check(s.correlate, u, v)
        check(s.detrend, x)
        check(lambda a: s.savgol_filter(a, 5, 2), u)
        check(s.lfilter, np.array([1.0, 0.5]), np.array([1.0, 0.3]), u)
        check(s.filtfilt, np.array([1.0, 0.5]), np.array([1.0, 0.3]), u)
        check(lambda a: ndimage.gaussian_filter(a, 1.0), x)
        check(ndimage.label, x > 0)
        check(lambda a: ndimage.median_filter(a, 3), x)
        """,
    "the rest": """
        from scipy import constants, differentiate, integrate, interpolate, optimize
        from scipy.cluster import hierarchy, vq
        from scipy.spatial.transform import Rotation
        check(hierarchy.linkage, x)
        check(vq.whiten, x)
        check(vq.vq, x, x[:3].copy())
        check(integrate.trapezoid, x)
        check(integrate.cumulative_trapezoid, x)
        check(lambda a, b: integrate.cubature(lambda z: (z**2).sum(-1), a, b).estimate, np.zeros(2), np.ones(2))
        check(optimize.rosen, x[:, 0].copy())
        check(optimize.rosen_hess, x[:6, 0].copy())
        check(lambda a: differentiate.derivative(lambda z: z**3, a).df, x[:, 0].copy())
        check(lambda a: Rotation.from_quat(a).as_matrix(), p)
        check(lambda a: Rotation.from_euler("xyz", a).as_rotvec(), x[:, :3].copy())
        check(lambda a: constants.convert_temperature(a, "C", "K"), x)
        places = np.arange(40.0)
        check(lambda a, b: interpolate.make_interp_spline(a, b)(a + 0.3), places, y)
        check(lambda a, b: interpolate.CubicSpline(a, b)(a + 0.3), places, y)
        """,
}
SKLEARN = {
    "preprocessing": """
        from sklearn import preprocessing as s
        for scaler in (
            s.StandardScaler(), s.StandardScaler(with_mean=False), s.MinMaxScaler(clip=True), s.MaxAbsScaler(),
            s.Normalizer(), s.Binarizer(), s.PolynomialFeatures(),
        ):
            check(lambda a: scaler.fit(a).transform(a), x)
        check(lambda a: s.StandardScaler().fit(a).inverse_transform(a), x)
        check(lambda a: s.KernelCenterer().fit(a).transform(a), x[:5].copy())
        check(lambda b: s.LabelEncoder().fit(b).transform(b), labels)
        """,
    "decomposition": """
        from sklearn.decomposition import PCA
        for solver in ("full", "covariance_eigh"):
            for whiten in (False, True):
                model = lambda: PCA(3, svd_solver=solver, whiten=whiten)
                check(lambda a: model().fit(a).transform(a), x)
                check(lambda a: model().fit(a).inverse_transform(a[:, :3]), x)
            check(lambda a: PCA(3, svd_solver=solver).fit(a).get_precision(), x)
            check(lambda a: PCA(0.9, svd_solver=solver).fit(a).explained_variance_ratio_, x)
        check(lambda a: PCA("mle", svd_solver="full").fit(a).transform(a), x)
        options = {"svd_solver": "randomized", "random_state": 0, "power_iteration_normalizer": "QR"}
        check(lambda a: PCA(3, **options).fit(a).transform(a), x)
        """,
    "linear models": """
        from sklearn import linear_model as s
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
        for intercept in (True, False):
            check(lambda a, b: s.Ridge(0.5, solver="svd", fit_intercept=intercept).fit(a, b).coef_, x, target)
        check(lambda a, b: s.Ridge(0.5, solver="svd").fit(a, b).predict(a), x, target)
        check(lambda a, b: s.Ridge(0.5, solver="svd").fit(a, b).score(a, b), x, target)
        check(lambda a, b, w: s.Ridge(solver="svd").fit(a, b, sample_weight=w).coef_, x, target, p[:, 0].copy())
        check(lambda a, b: s.RidgeCV().fit(a, b).coef_, x, target)
        check(lambda a, b: s.RidgeClassifier(solver="svd").fit(a, b).predict(a), x, labels)
        check(lambda a, b: s.LogisticRegression().fit(a, b).predict_proba(a), x, labels, tolerance=1e-4)
        check(lambda a, b: LinearDiscriminantAnalysis().fit(a, b).predict_proba(a), x, labels)
        check(lambda a, b: LinearDiscriminantAnalysis().fit(a, b).predict(a), x, labels)
        """,
    "mixtures and Bayes": """
        from sklearn.kernel_approximation import Nystroem
        from sklearn.mixture import GaussianMixture
        from sklearn.naive_bayes import GaussianNB
        for covariance in ("full", "tied", "diag", "spherical"):
            options = {"covariance_type": covariance, "random_state": 0, "init_params": "random", "max_iter": 20}
            def fit(a):
                m = GaussianMixture(2, **options).fit(a)
                return m.means_, m.predict(a), m.predict_proba(a), m.score_samples(a)
            check(fit, x, tolerance=1e-6)
        check(lambda a, b: GaussianNB().fit(a, b).predict_proba(a), x, labels)
        check(lambda a: Nystroem(n_components=5, random_state=0).fit(a).transform(a), x)
        """,
    "metrics": """
        from sklearn import metrics as s
        for f in (
            s.mean_squared_error, s.mean_absolute_error, s.r2_score, s.explained_variance_score, s.max_error,
            s.median_absolute_error, s.mean_pinball_loss, s.root_mean_squared_error,
        ):
            check(f, target, target + 0.1 * x[:, 1])
        other = np.digitize(x[:, 1], [-0.5, 0.5])
        for f in (s.accuracy_score, s.confusion_matrix, s.hamming_loss, s.zero_one_loss):
            check(f, labels, other, tolerance=1e-6)  # ratios of counts, in the default dtype
        check(lambda a, b: s.f1_score(a, b, average="micro"), labels, other, tolerance=1e-6)
        binary, score = (labels > 0).astype(np.int64), 1 / (1 + np.exp(-target))
        check(s.log_loss, binary, score)
        check(s.brier_score_loss, binary, score)
        check(lambda a, b: s.roc_curve(a, b)[:2], binary, score)
        check(s.roc_auc_score, binary, score)
        check(lambda a, b: s.precision_recall_curve(a, b)[:2], binary, score)
        for f in (
            s.pairwise.cosine_similarity, s.pairwise.linear_kernel, s.pairwise.rbf_kernel, s.pairwise.sigmoid_kernel,
            s.pairwise.polynomial_kernel, s.pairwise.cosine_distances, s.pairwise.additive_chi2_kernel,
        ):
            check(f, p, p[::-1].copy())
        check(s.pairwise.euclidean_distances, x, y)
        """,
    "selection": """
        from sklearn.decomposition import PCA
        from sklearn.linear_model import Ridge
        from sklearn.model_selection import GridSearchCV, cross_val_predict, train_test_split
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        check(lambda a, b: train_test_split(a, b, random_state=0), x, labels)
        check(lambda a, b: cross_val_predict(Ridge(solver="svd"), a, b), x, target)
        grid = lambda: GridSearchCV(Ridge(solver="svd"), {"alpha": [0.1, 1.0]})
        check(lambda a, b: grid().fit(a, b).best_estimator_.coef_, x, target)
        steps = lambda: make_pipeline(StandardScaler(), PCA(3, svd_solver="full"), Ridge(solver="svd"))
        check(lambda a, b: steps().fit(a, b).predict(a), x, target)
        """,
}


def run(code: str) -> None:
    """Runs it in a process of its own: SciPy reads the switch once, when it is imported."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "SCIPY_ARRAY_API": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize("part", SCIPY)
def test_scipy(part):
    if importlib.util.find_spec("scipy") is None:
        pytest.skip("needs SciPy")
    run(HEAD + textwrap.dedent(SCIPY[part]))


@pytest.mark.parametrize("part", SKLEARN)
def test_scikit_learn(part):
    if importlib.util.find_spec("sklearn") is None:
        pytest.skip("needs scikit-learn")
    dispatch = "import sklearn\nsklearn.set_config(array_api_dispatch=True)\n"
    run(HEAD + dispatch + textwrap.dedent(SKLEARN[part]))
